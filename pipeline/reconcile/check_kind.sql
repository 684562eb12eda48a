-- Open discrepancies by kind.
SELECT
    kind,
    count(*) AS finding_count,
    count(*) FILTER (WHERE severity = 'red') AS red_count
FROM discrepancy
GROUP BY kind
ORDER BY kind
