-- What Survey Solutions says about each interview. Times of actions are UTC.
-- Completed once is version 1; an interview never completed is version 0, and a draft. One sent back to be mended is partial:
-- the person was there, whatever is wrong with the answers.
WITH action AS (
    SELECT
        interview__id,
        TRY_CAST(action AS INTEGER) AS action,
        TRY_CAST(date || ' ' || time || '+00' AS TIMESTAMPTZ) AS acted_at
    FROM foreign_interview__actions
    WHERE fault IS NULL
),

history AS (
    SELECT
        interview__id,
        count(*) FILTER (WHERE action = 3) AS completed_count,
        min(acted_at) FILTER (WHERE action IN (2, 14)) AS started_at,
        max(acted_at) FILTER (WHERE action = 3) AS completed_at,
        max(acted_at) FILTER (WHERE action = 21) AS synced_at
    FROM action
    GROUP BY interview__id
)

SELECT
    main.row_no,
    main.interview__id AS case_id,
    CAST(history.completed_count AS VARCHAR) AS case_version,
    CASE
        WHEN main.interview__status = '-1' THEN 'withdrawn'
        WHEN main.interview__status IN ('100', '120', '130') THEN 'submitted'
        WHEN main.interview__status IN ('65', '125') THEN 'partial'
        WHEN main.interview__status IS NULL THEN 'submitted'
        ELSE 'draft'
    END AS case_status,
    NULL AS case_clock,
    history.started_at,
    history.completed_at,
    history.synced_at,
    CASE WHEN main.interview__id IS NULL THEN 'NO_KEY' END AS fault
FROM foreign_main AS main
LEFT JOIN history USING (interview__id)
