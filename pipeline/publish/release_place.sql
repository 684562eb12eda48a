-- Each counted person at the usual place, or at the place of presence if there is no usual one here. Whose place is not settled is of no
-- group, and of the institution that asked him.
SELECT
    person.*,
    release_site.institution_id,
    release_site.tier,
    CASE WHEN person.basis <> 'place_unresolved' THEN release_site.publication_group END AS publication_group,
    CASE WHEN person.basis <> 'place_unresolved' THEN release_site.district_kato END AS district_kato
FROM person
LEFT JOIN record ON record.record_id = person.survivor_record_id
LEFT JOIN release_site
    ON release_site.institution_id = COALESCE(person.usual_institution_id, person.present_institution_id, record.institution_id)
