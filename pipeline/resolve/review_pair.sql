-- Pairs a human should look at: alike, but not enough to be one person by rule, and not yet one by another road.
SELECT
    least(pair.a_record_id, pair.b_record_id) AS left_record_id,
    greatest(pair.a_record_id, pair.b_record_id) AS right_record_id,
    COALESCE(pair.review_reason, 'PARTED') AS reason,
    pair.points AS score
FROM pair
LEFT JOIN joined AS a ON pair.a_no = a.record_no
LEFT JOIN joined AS b ON pair.b_no = b.record_no
WHERE COALESCE(a.cluster_no, pair.a_no) <> COALESCE(b.cluster_no, pair.b_no)
AND (pair.review_reason IS NOT NULL OR pair.tier IS NOT NULL)
