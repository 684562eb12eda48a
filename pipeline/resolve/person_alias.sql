-- Every case's own would-be id and the person it belongs to now: a merge needs no memory of past nights.
-- Cases none of whose records takes part have a would-be id as well.
WITH silent AS (
    SELECT DISTINCT case_id
    FROM case_record
    WHERE standing <> 'current' AND case_id IS NOT NULL
)

SELECT
    case_id,
    CASE WHEN case_id = founder_case_id AND person_id IS NOT NULL THEN person_id ELSE keyed_id(case_id) END AS alias_person_id,
    person_id
FROM linked
UNION ALL
SELECT
    case_id,
    keyed_id(case_id) AS alias_person_id,
    NULL AS person_id
FROM silent
ANTI JOIN linked USING (case_id)
