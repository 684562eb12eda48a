-- Each counted person at the usual place, or at the place of presence if there is no usual one here.
SELECT
    person.*,
    release_site.institution_id,
    release_site.publication_group,
    release_site.tier,
    release_site.district_kato
FROM person
LEFT JOIN release_site ON release_site.institution_id = COALESCE(person.usual_institution_id, person.present_institution_id)
