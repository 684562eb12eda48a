-- E of every institution as the round is closed with it, and what its head signed for.
SELECT
    institution_id,
    expected_present_count,
    expected_usual_count,
    grade,
    headcount_present_count AS signed_present_count,
    headcount_absent_count AS signed_absent_count
FROM expected
ORDER BY institution_id
