-- How many persons changed their id since last night, by kind and cause.
SELECT
    kind,
    cause,
    count(*) AS person_count
FROM person_change
GROUP BY kind, cause
ORDER BY kind, cause
