-- Everything over its threshold, by what it is about: a site, a tablet, a medium, a question, never a person.
-- Ages and delays are those of the moment looked at, though a closed round counts no further than the build it was closed on.
WITH finding AS (
    SELECT * FROM finding_register
    UNION ALL BY NAME SELECT * FROM finding_coverage
    UNION ALL BY NAME SELECT * FROM finding_machinery
    UNION ALL BY NAME SELECT * FROM finding_interview
    UNION ALL BY NAME SELECT * FROM finding_certificate
    UNION ALL BY NAME SELECT * FROM finding_verification
    UNION ALL BY NAME SELECT * FROM finding_quality
),

-- A limit is a number, or a day written as such; beside a share stands the least that matters in persons.
limited AS (
    SELECT
        finding.*,
        discrepancy_kind.compare,
        discrepancy_kind.unit,
        discrepancy_kind.is_past,
        discrepancy_kind.part_of,
        discrepancy_kind.owner_amber,
        discrepancy_kind.owner_red,
        discrepancy_kind.due_days_amber,
        discrepancy_kind.due_days_red,
        discrepancy_kind.message_kk,
        discrepancy_kind.message_ru,
        discrepancy_kind.message_en,
        discrepancy_kind.todo_kk,
        discrepancy_kind.todo_ru,
        discrepancy_kind.todo_en,
        -- what is an alarm from some day on began on that day at the earliest; what has no beginning of its own, when it became due
        COALESCE(
            greatest(finding.since_at, timezone('UTC', timezone(round.zone, TRY_CAST(begins.amber AS TIMESTAMP)))),
            timezone('UTC', timezone(round.zone, TRY_CAST(threshold.amber AS TIMESTAMP)))
        ) AS began_at,
        timezone(round.zone, timezone('UTC', build.seen_at))::DATE >= COALESCE(TRY_CAST(begins.amber AS DATE), DATE '0001-01-01')
            AS is_time_for_amber,
        timezone(round.zone, timezone('UTC', build.seen_at))::DATE >= COALESCE(TRY_CAST(begins.red AS DATE), DATE '0001-01-01')
            AS is_time_for_red,
        greatest(limit_of(threshold.amber) * COALESCE(finding.base_count, 1), limit_of(at_least.amber)) AS amber_limit,
        greatest(limit_of(threshold.red) * COALESCE(finding.base_count, 1), limit_of(at_least.red)) AS red_limit
    FROM finding
    JOIN discrepancy_kind USING (kind)
    LEFT JOIN threshold ON discrepancy_kind.alert_id = threshold.alert_id
    LEFT JOIN threshold AS at_least ON discrepancy_kind.least_alert_id = at_least.alert_id
    LEFT JOIN threshold AS begins ON discrepancy_kind.begins_alert_id = begins.alert_id
    CROSS JOIN round
    CROSS JOIN build
    CROSS JOIN (SELECT max(ends_at) AS ends_at FROM round_window) AS windows
    WHERE NOT discrepancy_kind.is_past OR build.seen_at < windows.ends_at
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_time_for_red AND CASE compare
                WHEN 'from' THEN measured >= red_limit
                WHEN 'over' THEN measured > red_limit
                WHEN 'under' THEN measured < red_limit
            END THEN 'red'
            WHEN is_time_for_amber AND CASE compare
                WHEN 'from' THEN measured >= amber_limit
                WHEN 'over' THEN measured > amber_limit
                WHEN 'under' THEN measured < amber_limit
            END THEN 'amber'
        END AS severity
    FROM limited
),

dated AS (
    SELECT
        judged.*,
        CASE judged.severity WHEN 'red' THEN judged.owner_red ELSE judged.owner_amber END AS first_owner,
        CASE judged.severity WHEN 'red' THEN judged.due_days_red ELSE judged.due_days_amber END AS due_days,
        timezone(round.zone, timezone('UTC', judged.began_at))::DATE
        + CASE judged.severity WHEN 'red' THEN judged.due_days_red ELSE judged.due_days_amber END::INTEGER AS due_on,
        timezone(round.zone, timezone('UTC', build.seen_at))::DATE AS today_on
    FROM judged
    CROSS JOIN round
    CROSS JOIN build
    WHERE judged.severity IS NOT NULL
),

-- Red has an owner of its own, and for every period that it is overdue a matter rises one level. What cannot be undone rises to nobody, and
-- where there is no institution there is no head of one.
raised AS (
    SELECT
        dated.*,
        greatest(
            first_owner.level_no,
            greatest(amber_owner.level_no, CASE WHEN institution.institution_id IS NULL THEN 2 ELSE 1 END) + CASE
                WHEN NOT dated.is_past AND dated.due_on < dated.today_on
                    THEN date_diff('day', dated.due_on, dated.today_on) // greatest(dated.due_days, escalation.least_days)
                ELSE 0
            END
        ) AS level_no
    FROM dated
    JOIN owner_level AS first_owner ON dated.first_owner = first_owner.owner
    JOIN owner_level AS amber_owner ON dated.owner_amber = amber_owner.owner
    LEFT JOIN institution USING (institution_id)
    CROSS JOIN escalation
)

SELECT
    left(sha256(concat_ws('|', raised.kind, raised.institution_id, raised.subject_kind, raised.subject_id)), 16)
        AS discrepancy_id,
    raised.kind,
    raised.severity,
    raised.institution_id,
    raised.subject_kind,
    raised.subject_id,
    owner_level.owner,
    raised.due_on,
    COALESCE(raised.person_count, 0) AS person_count,
    raised.measured,
    CASE raised.severity WHEN 'red' THEN raised.red_limit ELSE raised.amber_limit END AS allowed,
    raised.unit,
    raised.part_of,
    raised.began_at AS since_at,
    greatest(date_diff('hour', raised.began_at, build.seen_at), 0) AS age_hours,
    raised.message_kk,
    raised.message_ru,
    raised.message_en,
    raised.todo_kk,
    raised.todo_ru,
    raised.todo_en
FROM raised
JOIN owner_level ON owner_level.level_no = least(raised.level_no, (SELECT max(level_no) FROM owner_level))
CROSS JOIN build
