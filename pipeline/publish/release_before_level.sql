-- How little an earlier release tells of each person it has, as a level of release_class.sql. An age nobody knows was not
-- withheld.
SELECT
    person.person_id,
    CASE
        WHEN told.birth_year IS NOT NULL THEN 1
        WHEN told.age_group IS NOT NULL THEN 2
        WHEN told.district_kato <> round.region_kato THEN CASE WHEN person.age_completed IS NULL THEN 1 ELSE 3 END
        WHEN told.age_band IS NOT NULL THEN 4
        WHEN told.sex IS NOT NULL THEN 5
        ELSE 6
    END AS least_level
FROM person
JOIN earlier_told AS told
    ON told.person = left(keyed_id('release ' || getvariable('snapshot_id') || ' ' || person.person_id), 16)
CROSS JOIN round
