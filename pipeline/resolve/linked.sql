-- Every record that speaks of a person, with the person's id and what it is for the person.
WITH named AS (
    SELECT
        scoped.*,
        COALESCE(contender.place, 1) AS place,
        COALESCE(founder.case_id, scoped.case_id) AS founder_case_id
    FROM scoped
    LEFT JOIN contender USING (no)
    LEFT JOIN founder ON scoped.cluster_no = founder.cluster_no
    WHERE scoped.scope_reason IS NULL OR scoped.scope_reason NOT IN ('TRAINING', 'WITHDRAWN', 'DRAFT')
)

SELECT
    *,
    keyed_id(founder_case_id) AS person_id,
    CASE
        WHEN scope_reason IS NOT NULL THEN 'out_of_scope'
        WHEN place > 1 THEN 'duplicate'
        WHEN contested_iin IS NOT NULL THEN 'conflict'
        ELSE 'survivor'
    END AS role
FROM named
