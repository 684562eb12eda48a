-- The places of a person known from several records: usual here and present there may come from two of them. Whom street patrols met is
-- counted once, at the first contact.
WITH told AS (
    SELECT
        contender.cluster_no,
        contender.place,
        scoped.usual_institution_id,
        scoped.present_institution_id,
        scoped.since_on,
        scoped.met_at,
        CASE scoped.evidence WHEN 'movement' THEN 1 WHEN 'dates' THEN 2 WHEN 'list' THEN 3 ELSE 4 END AS evidence_no
    FROM contender
    JOIN scoped USING (no)
    WHERE scoped.scope_reason IS NULL
),

usual AS (
    SELECT
        cluster_no,
        usual_institution_id
    FROM told
    WHERE usual_institution_id IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY cluster_no ORDER BY evidence_no, present_institution_id IS NULL, met_at NULLS FIRST, place
    ) = 1
),

-- Whoever moved last before the moment knows best where the person was.
present AS (
    SELECT
        cluster_no,
        present_institution_id
    FROM told
    WHERE present_institution_id IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY cluster_no ORDER BY evidence_no, met_at NULLS FIRST, since_on DESC NULLS LAST, place
    ) = 1
)

SELECT
    COALESCE(usual.cluster_no, present.cluster_no) AS cluster_no,
    usual.usual_institution_id,
    present.present_institution_id
FROM usual
FULL JOIN present USING (cluster_no)
