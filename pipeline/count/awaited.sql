-- Who may still come: entries without an outcome, and whoever is expected where no list came. To a closed site nobody does.
SELECT
    institution_id,
    CASE list_count WHEN 0 THEN COALESCE(expected_present_count - present_count, 0) ELSE no_outcome_count END AS person_count
FROM coverage_institution
WHERE is_active
AND (no_outcome_count > 0 OR (is_due AND list_count = 0 AND COALESCE(present_count < expected_present_count, TRUE)))
