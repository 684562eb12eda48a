-- One row per district.
SELECT * EXCLUDE (category_code, tier, publication_group, is_category, is_district)
FROM coverage_total
WHERE is_district
