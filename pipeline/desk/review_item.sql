-- The worklist of pairs as it stands with what people said since the build, and what was settled before; ids, reasons and points only.
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
    desk_pair.pair_id,
    desk_pair.rank_no,
    desk_pair.reason,
    desk_pair.score,
    desk_pair.effect_count,
    CASE
        WHEN desk_pair.standing = 'contradicted' AND pair_verdict.standing = 'same' THEN 'contradicted'
        WHEN desk_pair.standing = 'settled' AND pair_verdict.standing IN ('same', 'different', 'unsure') THEN 'settled'
        WHEN pair_verdict.standing IN ('same', 'different') THEN 'decided'
        ELSE COALESCE(pair_verdict.standing, desk_pair.standing)
    END AS standing,
    desk_pair.needs_two,
    COALESCE(spoken.said_by, []) AS said_by,
    CASE WHEN desk_pair.needs_two THEN 'S3' ELSE shown_institution(a.institution_id) END AS left_institution_id,
    CASE WHEN desk_pair.needs_two THEN 'S3' ELSE shown_institution(b.institution_id) END AS right_institution_id,
    a_person.person_id AS left_person_id,
    b_person.person_id AS right_person_id,
    desk_pair.left_case_id,
    desk_pair.right_case_id
FROM desk_pair
JOIN respondent AS a ON desk_pair.left_record_id = a.record_id
JOIN respondent AS b ON desk_pair.right_record_id = b.record_id
LEFT JOIN person_of AS a_person ON desk_pair.left_record_id = a_person.record_id
LEFT JOIN person_of AS b_person ON desk_pair.right_record_id = b_person.record_id
LEFT JOIN pair_verdict
    ON desk_pair.left_case_id = pair_verdict.left_case_id AND desk_pair.right_case_id = pair_verdict.right_case_id
LEFT JOIN spoken ON desk_pair.left_case_id = spoken.left_case_id AND desk_pair.right_case_id = spoken.right_case_id
ORDER BY desk_pair.rank_no
