-- Every case's own would-be id and the person it belongs to now: a merge needs no memory of past nights.
WITH speaking AS (
    SELECT
        case_id,
        CASE WHEN case_id = founder_case_id THEN person_id ELSE keyed_id(case_id) END AS alias_person_id,
        person_id
    FROM linked
),

silent AS (
    SELECT DISTINCT case_record.case_id
    FROM case_record
    ANTI JOIN linked USING (case_id)
    WHERE case_record.case_id IS NOT NULL
)

SELECT * FROM speaking
UNION ALL
SELECT
    case_id,
    keyed_id(case_id) AS alias_person_id,
    NULL AS person_id
FROM silent
