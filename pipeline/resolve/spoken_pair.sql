-- The pairs of records whose cases people have spoken about.
SELECT
    least(a.no, b.no) AS a_no,
    greatest(a.no, b.no) AS b_no,
    pair_verdict.standing
FROM pair_verdict
JOIN current_record AS a ON pair_verdict.left_case_id = a.case_id
JOIN current_record AS b ON pair_verdict.right_case_id = b.case_id
WHERE a.no IN (SELECT no FROM linkable) AND b.no IN (SELECT no FROM linkable)
