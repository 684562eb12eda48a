-- The pairs a person may speak about: those of the worklist, and those people spoke about before that nobody is asked about any more.
WITH settled AS (
    SELECT DISTINCT left_case_id, right_case_id
    FROM verdict_line
    ANTI JOIN review_pair USING (left_case_id, right_case_id)
),

compared AS (
    SELECT left_record_id AS one_id, right_record_id AS other_id, points
    FROM compared_pair
    UNION ALL
    SELECT right_record_id AS one_id, left_record_id AS other_id, points
    FROM compared_pair
)

FROM review_pair
UNION ALL BY NAME
SELECT
    pair_id(settled.left_case_id, settled.right_case_id) AS pair_id,
    a.record_id AS left_record_id,
    b.record_id AS right_record_id,
    settled.left_case_id,
    settled.right_case_id,
    'SPOKEN_ABOUT' AS reason,
    compared.points AS score,
    0 AS effect_count,
    'settled' AS standing,
    settled.left_case_id IN (SELECT case_id FROM guarded_case) OR settled.right_case_id IN (SELECT case_id FROM guarded_case) AS needs_two,
    (SELECT count(*) FROM review_pair) + row_number() OVER (ORDER BY settled.left_case_id, settled.right_case_id) AS rank_no
FROM settled
JOIN respondent AS a ON settled.left_case_id = a.case_id
JOIN respondent AS b ON settled.right_case_id = b.case_id
LEFT JOIN compared ON a.record_id = compared.one_id AND b.record_id = compared.other_id
