-- Pseudonymous microdata: the surrogate id is a keyed hash over release and person, so two releases cannot be joined.
SELECT
    left(keyed_id('release ' || publication.snapshot_id || ' ' || person.person_id), 16) AS person,
    person.sex,
    -- the oldest share one year of birth and one open age group
    greatest(person.birth_year, year(round.moment_on) - 90) AS birth_year,
    CASE
        WHEN person.age_completed >= 85 THEN '85+'
        ELSE printf('%02d-%02d', person.age_completed // 5 * 5, person.age_completed // 5 * 5 + 4)
    END AS age_group,
    COALESCE(release_district.district_kato, round.region_kato) AS district_kato,
    release_group.released_group AS publication_group,
    person.basis,
    person.present_institution_id IS NOT NULL AS is_present,
    person.mode,
    person.is_proxy AS is_answered_by_proxy,
    release_answer.* EXCLUDE (person_id)
FROM release_answer
JOIN person USING (person_id)
LEFT JOIN release_place USING (person_id)
LEFT JOIN release_group USING (publication_group)
LEFT JOIN release_district
    ON release_district.released_group = release_group.released_group
    AND release_district.district_kato = release_place.district_kato
    AND release_place.tier IN ('S0', 'S1')
CROSS JOIN round
CROSS JOIN publication
