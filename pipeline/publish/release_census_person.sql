-- Pseudonymous microdata: the surrogate id is a keyed hash over release and person, so two releases cannot be joined by it.
-- The higher the level of the class, the less is told; a population that is not safe by itself is left out.
SELECT
    left(keyed_id('release ' || publication.snapshot_id || ' ' || shown.person_id), 16) AS person,
    CASE WHEN shown.level_no < 6 THEN shown.sex END AS sex,
    CASE WHEN shown.level_no < 2 THEN shown.birth_year END AS birth_year,
    CASE WHEN shown.level_no < 3 THEN shown.age_group END AS age_group,
    CASE WHEN shown.level_no < 5 THEN shown.age_band END AS age_band,
    CASE WHEN shown.level_no < 4 THEN shown.district_kato ELSE shown.region_kato END AS district_kato,
    NULLIF(shown.released_group, '') AS publication_group,
    NULLIF(shown.mode, 'UNKNOWN') AS mode,
    shown.* EXCLUDE (
        person_id, institution, is_s3, released_group, population, told_in, least_level, min_count,
        region_kato, leaf, level_no, district_kato,
        sex, age_completed, birth_year, age_group, age_band, mode, has_no_iin, has_several_records, has_filled_fields
    )
FROM release_shown AS shown
JOIN release_population
    ON release_population.population = shown.population
    AND release_population.is_safe
CROSS JOIN publication
