-- Which institutions have an open discrepancy of a kind, and whether one of it cannot wait.
SELECT
    kind,
    institution_id,
    bool_or(severity = 'red') AS is_red
FROM discrepancy
GROUP BY kind, institution_id
ORDER BY kind, institution_id
