-- What somebody has to do something about, the weightiest first. Never about a person: about a site, a tablet, a medium.
WITH finding AS (
    SELECT * FROM finding_register
    UNION ALL BY NAME SELECT * FROM finding_coverage
    UNION ALL BY NAME SELECT * FROM finding_machinery
    UNION ALL BY NAME SELECT * FROM finding_interview
    UNION ALL BY NAME SELECT * FROM finding_certificate
    UNION ALL BY NAME SELECT * FROM finding_verification
),

-- A limit is a number, or a day written as such; beside a share stands the least that matters in persons.
limited AS (
    SELECT
        finding.*,
        discrepancy_kind.compare,
        discrepancy_kind.unit,
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
        timezone(round.zone, timezone('UTC', build.as_of))::DATE >= COALESCE(TRY_CAST(begins.amber AS DATE), DATE '0001-01-01')
            AS is_time_for_amber,
        timezone(round.zone, timezone('UTC', build.as_of))::DATE >= COALESCE(TRY_CAST(begins.red AS DATE), DATE '0001-01-01')
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

stated AS (
    SELECT
        left(sha256(concat_ws('|', judged.kind, judged.institution_id, judged.subject_kind, judged.subject_id)), 16)
            AS discrepancy_id,
        judged.kind,
        judged.severity,
        judged.institution_id,
        judged.subject_kind,
        judged.subject_id,
        CASE judged.severity WHEN 'red' THEN judged.owner_red ELSE judged.owner_amber END AS owner,
        timezone(round.zone, timezone('UTC', judged.began_at))::DATE
        + CASE judged.severity WHEN 'red' THEN judged.due_days_red ELSE judged.due_days_amber END::INTEGER AS due_on,
        COALESCE(judged.person_count, 0) AS person_count,
        judged.measured,
        CASE judged.severity WHEN 'red' THEN judged.red_limit ELSE judged.amber_limit END AS allowed,
        judged.unit,
        judged.began_at AS since_at,
        greatest(date_diff('hour', judged.began_at, build.as_of), 0) AS age_hours,
        judged.message_kk,
        judged.message_ru,
        judged.message_en,
        judged.todo_kk,
        judged.todo_ru,
        judged.todo_en
    FROM judged
    CROSS JOIN build
    CROSS JOIN round
    WHERE judged.severity IS NOT NULL
)

SELECT
    stated.* EXCLUDE (message_kk, message_ru, message_en),
    row_number() OVER (
        ORDER BY stated.severity DESC, stated.person_count DESC, stated.age_hours DESC, stated.discrepancy_id
    ) AS rank_no,
    filled(stated.message_kk, stated.measured, stated.allowed, stated.unit, stated.person_count, 'kk') AS message_kk,
    filled(stated.message_ru, stated.measured, stated.allowed, stated.unit, stated.person_count, 'ru') AS message_ru,
    filled(stated.message_en, stated.measured, stated.allowed, stated.unit, stated.person_count, 'en') AS message_en
FROM stated
