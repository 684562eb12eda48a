-- The whole region, and beside its mean the district that lags most: a region may look complete while one district is not.
WITH worst AS (
    SELECT
        district_kato AS worst_district_kato,
        present_rate AS worst_district_present_rate
    FROM coverage_total
    WHERE is_district AND district_kato <> 'UNKNOWN' AND present_rate IS NOT NULL
    ORDER BY present_rate, district_kato
    LIMIT 1
)

SELECT
    round.region_kato,
    total.* EXCLUDE (category_code, tier, publication_group, district_kato, is_category, is_district),
    worst.worst_district_kato,
    worst.worst_district_present_rate
FROM coverage_total AS total
CROSS JOIN round
LEFT JOIN worst ON TRUE
WHERE NOT total.is_category AND NOT total.is_district AND total.person_count IS NOT NULL
