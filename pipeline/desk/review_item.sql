-- The worklist of pairs as it stands with what people said since the build; ids, reasons and points only.
WITH spoken AS (
    SELECT
        left_case_id,
        right_case_id,
        list(DISTINCT decided_by ORDER BY decided_by) AS said_by
    FROM verdict_line
    GROUP BY left_case_id, right_case_id
),

person_of AS (
    SELECT record_id, person_id FROM person_record
)

SELECT
    review_pair.pair_id,
    review_pair.rank_no,
    review_pair.reason,
    review_pair.score,
    review_pair.effect_count,
    CASE
        WHEN review_pair.standing = 'contradicted' AND pair_verdict.standing = 'same' THEN 'contradicted'
        WHEN pair_verdict.standing IN ('same', 'different') THEN 'decided'
        ELSE COALESCE(pair_verdict.standing, review_pair.standing)
    END AS standing,
    review_pair.needs_two,
    COALESCE(spoken.said_by, []) AS said_by,
    CASE WHEN review_pair.needs_two THEN 'S3' ELSE shown_institution(a.institution_id) END AS left_institution_id,
    CASE WHEN review_pair.needs_two THEN 'S3' ELSE shown_institution(b.institution_id) END AS right_institution_id,
    a_person.person_id AS left_person_id,
    b_person.person_id AS right_person_id,
    review_pair.left_case_id,
    review_pair.right_case_id
FROM review_pair
JOIN respondent AS a ON review_pair.left_record_id = a.record_id
JOIN respondent AS b ON review_pair.right_record_id = b.record_id
LEFT JOIN person_of AS a_person ON review_pair.left_record_id = a_person.record_id
LEFT JOIN person_of AS b_person ON review_pair.right_record_id = b_person.record_id
LEFT JOIN pair_verdict
    ON review_pair.left_case_id = pair_verdict.left_case_id AND review_pair.right_case_id = pair_verdict.right_case_id
LEFT JOIN spoken ON review_pair.left_case_id = spoken.left_case_id AND review_pair.right_case_id = spoken.right_case_id
ORDER BY review_pair.rank_no
