-- Everything that is open, one row of each kind, the weightiest first. S3 is in the numbers, and nowhere else.
WITH spoken AS (
    SELECT
        discrepancy.*,
        discrepancy_history.status,
        discrepancy.due_on < timezone(round.zone, timezone('UTC', build.seen_at))::DATE AS is_overdue
    FROM discrepancy
    JOIN discrepancy_history USING (discrepancy_id)
    CROSS JOIN round
    CROSS JOIN build
)

SELECT
    kind,
    max(severity) AS severity,  -- 'red' sorts after 'amber'
    list(DISTINCT owner ORDER BY owner) AS owners,
    min(due_on) AS due_on,
    count(*) AS open_count,
    count(*) FILTER (WHERE severity = 'red') AS red_count,
    count(*) FILTER (WHERE is_overdue) AS overdue_count,
    count(*) FILTER (WHERE status = 'NEW') AS new_count,
    count(DISTINCT institution_id) AS site_count,
    max(todo_kk) AS todo_kk,
    max(todo_ru) AS todo_ru,
    max(todo_en) AS todo_en
FROM spoken
GROUP BY kind
ORDER BY min(rank_no)
