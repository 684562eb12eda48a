-- Every value of every column that may have to be closed: closed from the start where it is not known or not safe.
SELECT
    population,
    column_name,
    value,
    sum(person_count)::BIGINT AS person_count,
    value IS NULL
    OR NOT is_safe_cell(
        sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count)
    ) AS is_closed
FROM release_cell_site
GROUP BY population, column_name, value
