-- Discrepancies that cannot wait, by kind; where they are is for the page and the table to say.
SELECT
    kind AS left,
    count(*) AS count
FROM discrepancy
WHERE severity = 'red'
GROUP BY kind
ORDER BY kind
