-- Where an institution of an earlier build was published: by category and wards as its release knew them, not as they are today. It is
-- as secret as it was, or as it has become.
WITH register AS (
    FROM institution
    WHERE FALSE
    UNION ALL BY NAME
    FROM earlier_institution
),

site AS (
    SELECT
        register.institution_id,
        register.kato,
        COALESCE(earlier_category.publication_group, 'OTHER') AS publication_group,
        site_tier(register.institution_id, earlier_category.tier, register.ward_tier) AS told_tier
    FROM register
    LEFT JOIN earlier_category USING (category_code)
)

SELECT
    site.institution_id,
    site.publication_group,
    greatest(site.told_tier, release_site.tier) AS tier,
    release_site.tier > site.told_tier AS is_stricter,
    CASE WHEN site.told_tier IN ('S0', 'S1') THEN kato_district(site.kato) END AS district_kato
FROM site
LEFT JOIN release_site USING (institution_id)
