-- What sites still lack before the field: how many, who acts, by when, and where; S3 is in the number, never in the names.
WITH lacking AS (
    SELECT
        discrepancy.*,
        site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) IS NOT DISTINCT FROM 'S3' AS is_hidden,
        discrepancy.due_on < timezone(round.zone, timezone('UTC', build.seen_at))::DATE AS is_overdue
    FROM discrepancy
    LEFT JOIN institution USING (institution_id)
    LEFT JOIN ref_category USING (category_code)
    CROSS JOIN round
    CROSS JOIN build
    WHERE discrepancy.kind IN (
        'SITE_TWICE', 'ORDER_TWICE', 'ORDER_MISSING', 'ORDER_OTHER', 'HEAD_ORDER_MISSING', 'STAFF_UNTRAINED', 'ROOM_MISSING',
        'COMPUTER_MISSING', 'TABLET_MISSING', 'TABLET_FORM', 'KIT_INCOMPLETE', 'LIST_MISSING', 'SEMINARS_NOT_REGISTERED',
        'PREMISES_NOT_REGISTERED'
    )
),

counted AS (
    SELECT
        kind,
        owner,
        max(severity) AS severity,  -- 'red' sorts after 'amber'
        bool_or(institution_id = 'ALL') AS is_everywhere,
        count(DISTINCT institution_id) AS site_count,
        count(DISTINCT institution_id) FILTER (WHERE is_overdue) AS overdue_count,
        count(DISTINCT institution_id) FILTER (WHERE NOT is_hidden AND institution_id <> 'ALL') AS shown_count,
        min(due_on) AS due_on,
        max(message_kk) AS message_kk,
        max(message_ru) AS message_ru,
        max(message_en) AS message_en,
        max(todo_kk) AS todo_kk,
        max(todo_ru) AS todo_ru,
        max(todo_en) AS todo_en
    FROM lacking
    GROUP BY kind, owner
),

named AS (
    SELECT
        kind,
        owner,
        list(DISTINCT institution_id ORDER BY institution_id)[1:6] AS institution_ids
    FROM lacking
    WHERE NOT is_hidden AND institution_id <> 'ALL'
    GROUP BY kind, owner
)

SELECT
    counted.*,
    COALESCE(named.institution_ids, []) AS institution_ids
FROM counted
LEFT JOIN named USING (kind, owner)
ORDER BY counted.due_on, counted.kind, counted.owner
