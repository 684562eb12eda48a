-- Institutions of whose people no home is kept: safe houses, and those whose category nobody knows.
SELECT institution.institution_id
FROM institution
LEFT JOIN residence_rule ON institution.category_code = residence_rule.category_code
WHERE coalesce(residence_rule.pattern = 'SAFE_HOUSE', TRUE)
ORDER BY institution.institution_id
