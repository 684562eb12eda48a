-- Where an institution of an earlier build was published: by the categories as its release told them, not as they are today.
SELECT
    earlier_institution.institution_id,
    COALESCE(earlier_category.publication_group, 'OTHER') AS publication_group,
    site_tier(earlier_institution.institution_id, earlier_category.tier, institution.ward_tier) AS tier
FROM earlier_institution
LEFT JOIN earlier_category USING (category_code)
-- wards as the register knows them today: an earlier one need not have said
LEFT JOIN institution ON institution.institution_id = earlier_institution.institution_id
