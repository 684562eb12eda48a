-- Runs of forms with all answers the same, one after another at one screen, where there are any.
WITH repeating AS (
    SELECT DISTINCT screen_key
    FROM form
    WHERE is_same_again AND account_id IS NOT NULL
),

numbered AS (
    SELECT
        form.institution_id,
        form.mode,
        form.staff_id,
        form.screen_key,
        form.received_at,
        count(*) FILTER (WHERE NOT form.is_same_again) OVER (
            PARTITION BY form.screen_key ORDER BY form.started_at, form.record_id
        ) AS run_no
    FROM form
    SEMI JOIN repeating USING (screen_key)
)

SELECT
    institution_id,
    mode,
    staff_id,
    count(*) AS form_count,
    min(received_at) AS received_at
FROM numbered
GROUP BY institution_id, mode, staff_id, screen_key, run_no
