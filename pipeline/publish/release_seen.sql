-- Whom earlier releases told of in the group they are in today: in which, and in which of them with the district that is told today.
WITH placed AS (
    SELECT
        release_place.person_id,
        release_place.founder_case_id,
        COALESCE(release_place.publication_group, '') AS publication_group,
        COALESCE(release_district.district_kato, release_place.district_kato, '') AS district_kato
    FROM release_place
    LEFT JOIN release_district
        ON release_district.founder_case_id = release_place.founder_case_id
        AND release_district.publication_group = COALESCE(release_place.publication_group, '')
)

SELECT
    placed.person_id,
    list(earlier.build_id ORDER BY earlier.build_id) AS builds,
    hash(builds) AS told_in,
    hash(list(earlier.build_id ORDER BY earlier.build_id) FILTER (WHERE earlier.district_kato = placed.district_kato)) AS told_there_in
FROM release_earlier AS earlier
JOIN placed USING (founder_case_id, publication_group)
GROUP BY placed.person_id
