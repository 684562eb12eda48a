-- Where an institution is published. One whose category is not known may be of any, and is treated as the most sensitive.
SELECT
    institution.institution_id,
    COALESCE(ref_category.publication_group, 'OTHER') AS publication_group,
    COALESCE(ref_category.tier, 'S3') AS tier,
    kato_district(institution.kato) AS district_kato
FROM institution
LEFT JOIN ref_category USING (category_code)
