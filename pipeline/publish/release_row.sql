-- Each person as he is before anything is withheld. A population is what somebody who holds all releases can tell apart: the persons of one
-- group who are in the same earlier releases, in the same of them with today's district. Every rule of disclosure holds for each by itself.
-- Institution and population are only ever grouped by: numbers are, in half the time of texts.
WITH filled AS (
    SELECT DISTINCT person_id
    FROM person_field
),

told AS (
    SELECT
        person_id,
        max(least_level) AS least_level
    FROM release_before_level
    GROUP BY person_id
)

SELECT
    release_place.person_id,
    -- of whom nobody knows an institution stands for himself
    hash(COALESCE(release_place.institution_id, release_place.person_id)) AS institution,
    release_place.tier IS NOT DISTINCT FROM 'S3' AS is_s3,
    COALESCE(release_group.released_group, '') AS released_group,
    hash(COALESCE(release_group.released_group, ''), release_seen.told_in, release_seen.told_there_in) AS population,
    release_seen.told_in,
    COALESCE(told.least_level, 1) AS least_level,
    COALESCE(release_group.min_count, strictest.min_count) AS min_count,
    CASE WHEN other.founder_case_id IS NULL THEN release_place.district_kato ELSE NULLIF(other.district_kato, '') END AS district_kato,
    release_place.sex,
    release_place.age_completed,
    -- the oldest share one year of birth and one open age group
    CASE
        WHEN release_place.birth_year IS NOT NULL THEN greatest(release_place.birth_year, year(round.moment_on) - 90)
    END AS birth_year,
    CASE
        WHEN release_place.age_completed >= 85 THEN '85+'
        ELSE printf('%02d-%02d', release_place.age_completed // 5 * 5, release_place.age_completed // 5 * 5 + 4)
    END AS age_group,
    CASE
        WHEN release_place.age_completed >= 75 THEN '75+'
        ELSE printf('%02d-%02d', release_place.age_completed // 15 * 15, release_place.age_completed // 15 * 15 + 14)
    END AS age_band,
    release_place.basis,
    release_place.present_institution_id IS NOT NULL AS is_present,
    COALESCE(known_mode(release_place.mode), 'UNKNOWN') AS mode,
    release_place.is_proxy AS is_answered_by_proxy,
    NOT release_place.has_iin AS has_no_iin,
    release_place.record_count > 1 AS has_several_records,
    filled.person_id IS NOT NULL AS has_filled_fields,
    release_answer.* EXCLUDE (survivor_record_id)
FROM release_answer
JOIN release_place USING (survivor_record_id)
LEFT JOIN release_group USING (publication_group)
LEFT JOIN release_seen ON release_seen.person_id = release_place.person_id
LEFT JOIN release_district AS other
    ON other.founder_case_id = release_place.founder_case_id
    AND other.publication_group = COALESCE(release_place.publication_group, '')
LEFT JOIN told ON told.person_id = release_place.person_id
LEFT JOIN filled ON filled.person_id = release_place.person_id
CROSS JOIN (SELECT max(min_cell_count) AS min_count FROM disclosure) AS strictest
CROSS JOIN round
