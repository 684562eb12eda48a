-- The register as operators may see it: the name, the number or the village of an S3 site would give its people away. A site whose category
-- is not known may be one.
WITH tiered AS (
    SELECT
        institution.*,
        ref_category.publication_group,
        site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) AS tier
    FROM institution
    LEFT JOIN ref_category USING (category_code)
)

SELECT
    tiered.institution_id,
    CASE WHEN tiered.tier <> 'S3' THEN tiered.bin END AS bin,
    tiered.site_no,
    CASE WHEN tiered.tier <> 'S3' THEN tiered.name_kk END AS name_kk,
    CASE WHEN tiered.tier <> 'S3' THEN tiered.name_ru END AS name_ru,
    tiered.category_code,
    tiered.tier,
    tiered.publication_group,
    CASE WHEN tiered.tier <> 'S3' THEN tiered.kato ELSE round.region_kato END AS kato,
    tiered.capacity,
    tiered.governing_order,
    tiered.head_order_no,
    tiered.head_order_on,
    tiered.is_web_only,
    tiered.closed_on
FROM tiered
CROSS JOIN round
