-- Which institutions of an earlier build had an expected count.
SELECT
    getvariable('build_id') AS build_id,
    institution_id,
    grade <> 'MISSING' AND expected_present_count IS NOT NULL AS has_expected_present,
    grade <> 'MISSING' AND expected_usual_count IS NOT NULL AS has_expected_usual
FROM earlier_expected
