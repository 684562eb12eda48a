-- The persons an earlier release told of, from the build it was made of, in the groups they had then, and as those are named today; placed
-- as in release_place.sql, and in the district it told of them, or of their house where it withheld theirs.
WITH place AS (
    SELECT
        earlier_person.person_id,
        earlier_person.founder_case_id,
        COALESCE(site.institution_id, earlier_person.person_id) AS institution_id,
        site.tier IS NOT DISTINCT FROM 'S3' AS is_s3,
        COALESCE(site.has_lost_district, FALSE) AS has_lost_district,
        CASE WHEN earlier_person.basis = 'place_unresolved' THEN '' ELSE COALESCE(site.publication_group, '') END AS publication_group
    FROM earlier_person
    LEFT JOIN earlier_record ON earlier_record.record_id = earlier_person.survivor_record_id
    LEFT JOIN release_earlier_site AS site
        ON site.institution_id = COALESCE(
            earlier_person.usual_institution_id, earlier_person.present_institution_id, earlier_record.institution_id
        )
),

placed AS (
    SELECT
        place.*,
        NULLIF(earlier_told.district_kato, round.region_kato) AS own_kato,
        max(own_kato) OVER (PARTITION BY place.institution_id, place.publication_group) AS house_kato
    FROM place
    LEFT JOIN earlier_told
        ON earlier_told.person = left(keyed_id('release ' || getvariable('snapshot_id') || ' ' || place.person_id), 16)
    CROSS JOIN round
)

SELECT
    release_told.build_id,
    release_told.told_as,
    placed.founder_case_id,
    placed.institution_id,
    placed.is_s3,
    placed.has_lost_district,
    placed.publication_group,
    COALESCE(placed.own_kato, placed.house_kato, '') AS district_kato,
    COALESCE(release_group.released_group, '') AS released_group,
    COALESCE(release_group.min_count, (SELECT max(min_cell_count) FROM disclosure)) AS min_count
FROM placed
JOIN release_told
    ON release_told.publication_group = placed.publication_group
    AND release_told.build_id = getvariable('build_id')
LEFT JOIN release_group ON release_group.publication_group = placed.publication_group
