-- Verification sources, what was made of each, and what became of those they name; no figure where a source is left out.
WITH matched AS (
    SELECT
        verification_match.source_id,
        count(*) FILTER (WHERE finding = 'PRESENT' AND outcome NOT IN ('DOUBLE', 'UNNAMED')) AS person_count,
        count(*) FILTER (WHERE finding = 'PRESENT' AND outcome = 'COUNTED_HERE') AS counted_here_count,
        count(*) FILTER (WHERE finding = 'PRESENT' AND outcome = 'COUNTED_AWAY') AS counted_away_count,
        count(*) FILTER (WHERE finding = 'PRESENT' AND outcome = 'NOT_COUNTED') AS not_counted_count,
        count(*) FILTER (WHERE finding = 'PRESENT' AND outcome = 'NOT_FOUND') AS not_found_count,
        count(*) FILTER (WHERE outcome = 'DOUBLE') AS double_count,
        count(*) FILTER (WHERE outcome = 'UNNAMED') AS unnamed_count,
        count(*) FILTER (WHERE finding = 'NOT_PRESENT' AND outcome = 'COUNTED_HERE') AS erroneous_count,
        count(*) FILTER (WHERE person.usual_institution_id IS NOT NULL) AS usual_count
    FROM verification_match
    LEFT JOIN person USING (person_id)
    GROUP BY verification_match.source_id
),

again AS (
    SELECT
        verification_answer.source_id,
        count(DISTINCT verification_answer.case_id) AS case_count,
        count(DISTINCT respondent.case_id) AS found_count
    FROM verification_answer
    LEFT JOIN respondent USING (case_id)
    GROUP BY verification_answer.source_id
),

-- boarders handed on to where their families live, of whom nothing is seen there
unseen AS (
    SELECT count(DISTINCT forwarded.person_id) AS unseen_count
    FROM forwarded
    JOIN residence_rule USING (category_code)
    ANTI JOIN (
        SELECT verification_match.person_id
        FROM verification_match
        JOIN verification_use USING (source_id)
        WHERE verification_use.source_kind = 'HOME_RETURNS' AND verification_use.status = 'USED'
    ) AS seen USING (person_id)
    WHERE residence_rule.pattern = 'BOARDER_HOME'
),

used AS (
    SELECT
        *,
        status IN ('USED', 'NOT_INDEPENDENT') AS is_used
    FROM verification_use
)

SELECT
    used.source_kind,
    used.source_id,
    used.institution_id,
    used.status,
    used.taken_on,
    used.declared_count,
    used.row_count,
    CASE WHEN used.is_used THEN COALESCE(matched.person_count, again.case_count, 0) END AS person_count,
    CASE WHEN used.is_used THEN COALESCE(matched.counted_here_count, again.found_count, 0) END AS counted_here_count,
    CASE WHEN used.is_used THEN COALESCE(matched.counted_away_count, 0) END AS counted_away_count,
    CASE WHEN used.is_used THEN COALESCE(matched.not_counted_count, 0) END AS not_counted_count,
    CASE WHEN used.is_used THEN COALESCE(matched.not_found_count, again.case_count - again.found_count, 0) END AS not_found_count,
    CASE WHEN used.is_used THEN COALESCE(matched.double_count, 0) END AS double_count,
    CASE WHEN used.is_used THEN COALESCE(matched.unnamed_count, 0) END AS unnamed_count,
    CASE WHEN used.is_used AND used.source_kind = 'CONTROL_WALK' THEN COALESCE(matched.erroneous_count, 0) END AS erroneous_count,
    CASE WHEN used.is_used AND used.source_kind = 'HOME_RETURNS' THEN COALESCE(matched.usual_count, 0) END AS usual_count,
    CASE WHEN used.is_used AND used.source_kind = 'HOME_RETURNS' THEN unseen.unseen_count END AS unseen_count
FROM used
CROSS JOIN unseen
LEFT JOIN matched USING (source_id)
LEFT JOIN again USING (source_id)
