-- Pseudonymous microdata: the surrogate id is a keyed hash over release and person, so two releases cannot be joined by it.
-- The higher the level of the class, the less is told; a population that is not safe by itself is left out.
SELECT
    left(keyed_id('release ' || publication.snapshot_id || ' ' || shown.person_id), 16) AS person,
    CASE WHEN class.level_no < 6 THEN shown.sex END AS sex,
    -- whoever never moved lives here since the year of birth: no year is told without that one
    CASE WHEN class.level_no < 2 THEN COLUMNS('_year$') END,
    CASE WHEN class.level_no < 3 THEN shown.age_group END AS age_group,
    CASE WHEN class.level_no < 5 THEN shown.age_band END AS age_band,
    CASE WHEN class.level_no < 4 THEN shown.district_kato ELSE shown.region_kato END AS district_kato,
    NULLIF(shown.released_group, '') AS publication_group,
    shown.basis,
    shown.is_present,
    NULLIF(shown.mode, 'unknown') AS mode,
    shown.is_answered_by_proxy,
    shown.* EXCLUDE (
        person_id, institution, is_s3, released_group, population, min_count, region_kato, leaf, district_kato,
        sex, age_completed, age_group, age_band, basis, is_present, mode, is_answered_by_proxy,
        has_no_iin, has_several_records, has_filled_fields
    ) NOT LIKE '%_year'
FROM release_shown AS shown
JOIN release_class AS class USING (leaf)
JOIN release_population
    ON release_population.population = shown.population
    AND release_population.is_safe
CROSS JOIN publication
