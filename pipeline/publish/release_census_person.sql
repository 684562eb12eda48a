-- Pseudonymous microdata: the surrogate id is a keyed hash over release and person, so two releases cannot be joined.
SELECT
    left(keyed_id('release ' || publication.snapshot_id || ' ' || release_place.person_id), 16) AS person,
    release_place.sex,
    -- the oldest share one year of birth and one open age group
    greatest(release_place.birth_year, year(round.moment_on) - 90) AS birth_year,
    CASE
        WHEN release_place.age_completed >= 85 THEN '85+'
        ELSE printf('%02d-%02d', release_place.age_completed // 5 * 5, release_place.age_completed // 5 * 5 + 4)
    END AS age_group,
    COALESCE(release_district.district_kato, round.region_kato) AS district_kato,
    release_group.released_group AS publication_group,
    release_place.basis,
    release_place.present_institution_id IS NOT NULL AS is_present,
    release_place.mode,
    release_place.is_proxy AS is_answered_by_proxy,
    release_answer.* EXCLUDE (survivor_record_id)
FROM release_answer
JOIN release_place USING (survivor_record_id)
LEFT JOIN release_group USING (publication_group)
LEFT JOIN release_district
    ON release_district.released_group = release_group.released_group
    AND release_district.district_kato = release_place.district_kato
    AND release_place.tier IN ('S0', 'S1')
CROSS JOIN round
CROSS JOIN publication
