-- The populations, and whether each is safe by itself.
WITH site AS (
    SELECT
        released_group,
        population,
        told_in,
        institution,
        is_s3,
        max(min_count) AS min_count,
        count(*) AS person_count
    FROM release_row
    GROUP BY released_group, population, told_in, institution, is_s3
)

SELECT
    released_group,
    population,
    told_in,
    sum(person_count)::BIGINT AS person_count,
    is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count)) AS is_safe
FROM site
GROUP BY released_group, population, told_in
