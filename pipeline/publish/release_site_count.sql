-- Institutions of the groups that are told of: what was expected of each, and how many live there, were there, are away or are guests.
WITH stay AS (
    SELECT
        institution_id,
        count(*) FILTER (WHERE is_usual) AS usual,
        count(*) FILTER (WHERE is_present) AS present,
        count(*) FILTER (WHERE NOT is_present) AS away,
        count(*) FILTER (WHERE NOT is_usual) AS guest
    FROM (
        SELECT
            unnest(list_distinct([usual_institution_id, present_institution_id])) AS institution_id,
            COALESCE(institution_id = usual_institution_id, FALSE) AS is_usual,
            COALESCE(institution_id = present_institution_id, FALSE) AS is_present
        FROM person
    )
    GROUP BY institution_id
)

SELECT
    release_site.institution_id,
    release_group.released_group,
    release_group.min_count,
    release_site.tier = 'S3' AS is_s3,
    expected.grade,
    CASE WHEN expected.grade <> 'MISSING' THEN expected.expected_present_count END AS expected_present,
    CASE WHEN expected.grade <> 'MISSING' THEN expected.expected_usual_count END AS expected_usual,
    COALESCE(stay.present, 0) AS present,
    COALESCE(stay.usual, 0) AS usual,
    COALESCE(stay.away, 0) AS away,
    COALESCE(stay.guest, 0) AS guest
FROM release_site
JOIN release_group USING (publication_group)
LEFT JOIN expected USING (institution_id)
LEFT JOIN stay USING (institution_id)
