-- Where an institution is published: its district only where its tier allows one.
WITH site AS (
    SELECT
        institution.institution_id,
        institution.kato,
        COALESCE(ref_category.publication_group, 'OTHER') AS publication_group,
        site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) AS tier
    FROM institution
    LEFT JOIN ref_category USING (category_code)
)

SELECT
    institution_id,
    publication_group,
    tier,
    CASE WHEN tier IN ('S0', 'S1') THEN kato_district(kato) END AS district_kato
FROM site
