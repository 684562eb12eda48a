-- What decides whether a publication group may be shown alone.
WITH site AS (
    SELECT
        release_place.publication_group,
        release_place.institution_id,
        release_place.tier = 'S3' AS is_s3,
        disclosure.min_cell_count,
        count(*) AS person_count
    FROM release_place
    JOIN disclosure USING (tier)
    WHERE release_place.publication_group IS NOT NULL
    GROUP BY ALL
)

SELECT
    publication_group,
    sum(person_count)::BIGINT AS person_count,
    count(*) AS institution_count,
    max(person_count) AS largest_count,
    COALESCE(sum(person_count) FILTER (WHERE is_s3), 0)::BIGINT AS s3_count,
    max(min_cell_count) AS min_count
FROM site
GROUP BY publication_group
ORDER BY publication_group
