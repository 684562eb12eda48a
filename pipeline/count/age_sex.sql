-- The pyramid of every publication group, in the age groups of a release.
WITH grouped AS (
    SELECT
        publication_group,
        CASE
            WHEN age_completed IS NULL THEN 'UNKNOWN'
            WHEN age_completed >= 85 THEN '85+'
            ELSE printf('%02d-%02d', age_completed // 5 * 5, age_completed // 5 * 5 + 4)
        END AS age_group,
        sex,
        person_count
    FROM counted_age
)

SELECT
    publication_group,
    age_group,
    COALESCE(sum(person_count) FILTER (WHERE sex = 1), 0) AS men_count,
    COALESCE(sum(person_count) FILTER (WHERE sex = 2), 0) AS women_count,
    COALESCE(sum(person_count) FILTER (WHERE sex IS NULL), 0) AS sex_unknown_count
FROM grouped
GROUP BY publication_group, age_group
