-- The persons an earlier release told of, from the build it was made of, in the groups they had then, and as those are named today; placed
-- as in release_place.sql.
WITH place AS (
    SELECT
        earlier_person.founder_case_id,
        COALESCE(site.institution_id, earlier_person.person_id) AS institution_id,
        site.tier IS NOT DISTINCT FROM 'S3' AS is_s3,
        CASE WHEN earlier_person.basis = 'place_unresolved' THEN '' ELSE COALESCE(site.publication_group, '') END AS publication_group,
        CASE WHEN earlier_person.basis = 'place_unresolved' THEN '' ELSE COALESCE(site.district_kato, '') END AS district_kato
    FROM earlier_person
    LEFT JOIN earlier_record ON earlier_record.record_id = earlier_person.survivor_record_id
    LEFT JOIN release_earlier_site AS site
        ON site.institution_id = COALESCE(
            earlier_person.usual_institution_id, earlier_person.present_institution_id, earlier_record.institution_id
        )
)

SELECT
    release_told.build_id,
    release_told.told_as,
    place.founder_case_id,
    place.institution_id,
    place.is_s3,
    place.publication_group,
    place.district_kato,
    COALESCE(release_group.released_group, '') AS released_group,
    COALESCE(release_group.min_count, (SELECT max(min_cell_count) FROM disclosure)) AS min_count
FROM place
JOIN release_told
    ON release_told.publication_group = place.publication_group
    AND release_told.build_id = getvariable('build_id')
LEFT JOIN release_group ON release_group.publication_group = place.publication_group
