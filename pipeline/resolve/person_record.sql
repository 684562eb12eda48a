-- Whose record it is: one survivor per counted person, the rest duplicates of it.
WITH linked AS (
    SELECT
        respondent.record_id,
        respondent.case_id,
        respondent.scope_reason,
        respondent.tier,
        respondent.iin_is_contested,
        COALESCE(contender.place, 1) AS place,
        COALESCE(founder.case_id, respondent.case_id) AS founder_case_id
    FROM respondent
    LEFT JOIN contender USING (record_id)
    LEFT JOIN founder ON respondent.cluster_no = founder.cluster_no
    WHERE COALESCE(respondent.scope_reason, '') NOT IN ('TRAINING', 'WITHDRAWN', 'DRAFT')
)

SELECT
    linked.record_id,
    case_alias.alias_person_id AS person_id,
    linked.founder_case_id,
    CASE
        WHEN linked.scope_reason IS NOT NULL THEN 'out_of_scope'
        WHEN linked.place > 1 THEN 'duplicate'
        WHEN linked.iin_is_contested THEN 'conflict'
        ELSE 'survivor'
    END AS role,
    CASE WHEN linked.tier IS NULL AND linked.iin_is_contested THEN 'B' ELSE linked.tier END AS rule_id
FROM linked
JOIN case_alias ON linked.founder_case_id = case_alias.case_id
