-- One row per category.
SELECT * EXCLUDE (district_kato, is_category, is_district)
FROM coverage_total
WHERE is_category
