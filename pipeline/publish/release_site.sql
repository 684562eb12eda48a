-- Where an institution is published.
SELECT
    institution.institution_id,
    COALESCE(ref_category.publication_group, 'OTHER') AS publication_group,
    site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) AS tier,
    kato_district(institution.kato) AS district_kato
FROM institution
LEFT JOIN ref_category USING (category_code)
