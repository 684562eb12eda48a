-- One row per category.
SELECT * EXCLUDE (district_kato, is_district)
FROM coverage_total
WHERE NOT is_district
