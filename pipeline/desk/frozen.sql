-- E of every institution as the round is closed with it, what was counted, and what its head signed under that.
SELECT
    expected.institution_id,
    expected.expected_present_count,
    expected.expected_usual_count,
    expected.grade,
    sign_off.present_count,
    sign_off.usual_count,
    sign_off.signed_present_count,
    sign_off.signed_usual_count
FROM expected
LEFT JOIN sign_off USING (institution_id)
ORDER BY expected.institution_id
