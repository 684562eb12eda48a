-- Where each counted person is published: the usual place, or the place of presence if there is no usual one here.
SELECT
    person.person_id,
    place.institution_id,
    place.publication_group,
    place.tier,
    place.district_kato
FROM person
JOIN (
    SELECT
        institution.institution_id,
        COALESCE(ref_category.publication_group, 'OTHER') AS publication_group,
        COALESCE(ref_category.tier, 'S2') AS tier,
        kato_district(institution.kato) AS district_kato
    FROM institution
    LEFT JOIN ref_category USING (category_code)
) AS place ON place.institution_id = COALESCE(person.usual_institution_id, person.present_institution_id)
