-- How the discrepancies moved since the night before.
SELECT
    count(*) FILTER (WHERE status = 'NEW') AS new_count,
    count(*) FILTER (WHERE status = 'WORSE') AS worse_count,
    count(*) FILTER (WHERE status = 'BETTER') AS better_count,
    count(*) FILTER (WHERE status = 'GONE') AS gone_count
FROM discrepancy_history
