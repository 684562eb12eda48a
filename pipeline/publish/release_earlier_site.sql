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
    site.told_tier IN ('S0', 'S1') AND release_site.tier NOT IN ('S0', 'S1') AS has_lost_district
FROM site
LEFT JOIN release_site USING (institution_id)
