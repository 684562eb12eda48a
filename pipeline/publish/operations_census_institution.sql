-- The register as operators may see it: the name, the number or the village of an S3 site would give its people away. A site whose category
-- is not known may be one.
SELECT
    institution.institution_id,
    CASE WHEN ref_category.tier <> 'S3' THEN institution.bin END AS bin,
    institution.site_no,
    CASE WHEN ref_category.tier <> 'S3' THEN institution.name_kk END AS name_kk,
    CASE WHEN ref_category.tier <> 'S3' THEN institution.name_ru END AS name_ru,
    institution.category_code,
    site_tier(institution.institution_id, ref_category.tier) AS tier,
    ref_category.publication_group,
    CASE WHEN ref_category.tier <> 'S3' THEN institution.kato ELSE round.region_kato END AS kato,
    institution.capacity,
    institution.governing_order,
    institution.head_order_no,
    institution.head_order_on,
    institution.is_web_only,
    institution.closed_on
FROM institution
LEFT JOIN ref_category USING (category_code)
CROSS JOIN round
