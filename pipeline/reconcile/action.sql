-- What to do first: the ten weightiest discrepancies, at most three of a kind. S3 is merged and has neither id nor place.
WITH tiered AS (
    SELECT
        discrepancy.*,
        institution.name_kk,
        institution.name_ru,
        site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) AS tier
    FROM discrepancy
    LEFT JOIN institution USING (institution_id)
    LEFT JOIN ref_category USING (category_code)
),

masked AS (
    SELECT
        tiered.kind,
        tiered.severity,
        tiered.owner,
        tiered.due_on,
        tiered.person_count,
        tiered.rank_no,
        discrepancy_history.status,
        discrepancy_history.first_seen_at,
        tiered.tier,
        CASE WHEN tiered.tier IS DISTINCT FROM 'S3' AND tiered.institution_id <> 'ALL' THEN tiered.institution_id END AS institution_id,
        -- a name only where the category hides nothing
        CASE WHEN tiered.tier IN ('S0', 'S1') THEN tiered.name_kk END AS name_kk,
        CASE WHEN tiered.tier IN ('S0', 'S1') THEN tiered.name_ru END AS name_ru,
        CASE
            WHEN tiered.tier IS DISTINCT FROM 'S3'
            AND tiered.subject_kind IN ('tablet', 'medium', 'form', 'route', 'question', 'group')
                THEN tiered.subject_id
        END AS subject_id,
        CASE WHEN tiered.subject_kind IN ('route', 'question', 'group') THEN tiered.subject_id END AS topic,
        CASE WHEN tiered.tier IS DISTINCT FROM 'S3' THEN tiered.message_kk END AS message_kk,
        CASE WHEN tiered.tier IS DISTINCT FROM 'S3' THEN tiered.message_ru END AS message_ru,
        CASE WHEN tiered.tier IS DISTINCT FROM 'S3' THEN tiered.message_en END AS message_en,
        tiered.todo_kk,
        tiered.todo_ru,
        tiered.todo_en
    FROM tiered
    JOIN discrepancy_history USING (discrepancy_id)
),

merged AS (
    SELECT
        *,
        1 AS site_count
    FROM masked
    WHERE tier IS DISTINCT FROM 'S3'
    UNION ALL BY NAME
    SELECT
        'S3_MERGED' AS kind,
        max(severity) AS severity,  -- 'red' sorts after 'amber'
        'DEPARTMENT' AS owner,
        min(due_on) AS due_on,
        sum(person_count)::BIGINT AS person_count,
        min(rank_no) AS rank_no,
        'S3' AS tier,
        count(*) AS site_count
    FROM masked
    WHERE tier = 'S3'
    HAVING count(*) > 0
),

-- Three silent tablets of one site are one errand, three silent routes or open questions are not.
errand AS (
    SELECT
        *,
        count(*) OVER same_errand AS subject_count,
        row_number() OVER (same_errand ORDER BY rank_no) AS errand_no
    FROM merged
    WINDOW same_errand AS (PARTITION BY kind, institution_id, topic)
),

spread AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY kind ORDER BY rank_no) AS kind_no
    FROM errand
    WHERE errand_no = 1
),

-- The S3 line has a place among the ten whatever its rank: it is the only sign of them here.
placed AS (
    SELECT
        *,
        row_number() OVER (ORDER BY kind = 'S3_MERGED' DESC, rank_no) AS place_no
    FROM spread
    WHERE kind_no <= 3
)

SELECT
    row_number() OVER (ORDER BY rank_no) AS action_no,
    kind,
    severity,
    owner,
    due_on,
    due_on < timezone(round.zone, timezone('UTC', build.seen_at))::DATE AS is_overdue,
    person_count,
    status,
    timezone(round.zone, timezone('UTC', first_seen_at))::DATE AS first_seen_on,
    institution_id,
    name_kk,
    name_ru,
    subject_id,
    subject_count,
    message_kk,
    message_ru,
    message_en,
    todo_kk,
    todo_ru,
    todo_en,
    site_count
FROM placed
CROSS JOIN round
CROSS JOIN build
WHERE place_no <= 10
ORDER BY action_no
