-- What decides whether a publication group may be shown alone.
SELECT
    publication_group,
    sum(person_count)::BIGINT AS person_count,
    count(*) AS institution_count,
    max(person_count) AS largest_count,
    bool_or(tier IN ('S2', 'S3')) AS is_sensitive
FROM (
    SELECT
        publication_group,
        institution_id,
        tier,
        count(*) AS person_count
    FROM release_place
    GROUP BY publication_group, institution_id, tier
)
GROUP BY publication_group
ORDER BY publication_group
