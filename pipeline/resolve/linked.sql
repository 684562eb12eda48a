-- Every record that stands for its case, with the person it speaks of and what it is for the person.
-- Training, drafts and withdrawals speak of nobody.
WITH named AS (
    SELECT
        scoped.no,
        scoped.record_id,
        scoped.case_id,
        scoped.cluster_no,
        scoped.tier,
        scoped.is_contested,
        scoped.scope_reason,
        COALESCE(contender.place, 1) AS place,
        COALESCE(founder.case_id, scoped.case_id) AS founder_case_id,
        scoped.is_silent
    FROM scoped
    LEFT JOIN contender USING (no)
    LEFT JOIN founder ON scoped.cluster_no = founder.cluster_no
)

SELECT
    no,
    record_id,
    case_id,
    cluster_no,
    tier,
    scope_reason,
    founder_case_id,
    CASE WHEN NOT is_silent THEN keyed_id(founder_case_id) END AS person_id,
    CASE
        WHEN is_silent THEN NULL
        WHEN scope_reason IS NOT NULL THEN 'out_of_scope'
        WHEN place > 1 THEN 'duplicate'
        WHEN is_contested THEN 'conflict'
        ELSE 'survivor'
    END AS role,
    CASE WHEN tier IS NULL AND is_contested THEN 'B' ELSE tier END AS rule_id
FROM named
