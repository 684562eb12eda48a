-- How much is open in all, and how much of it cannot wait.
SELECT
    count(*) AS open_count,
    count(*) FILTER (WHERE severity = 'red') AS red_count
FROM discrepancy
