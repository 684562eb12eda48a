-- How the people of each leaf lie over institutions.
SELECT
    leaf,
    institution,
    is_s3,
    max(min_count) AS min_count,
    count(*) AS person_count
FROM release_alike
GROUP BY leaf, institution, is_s3
