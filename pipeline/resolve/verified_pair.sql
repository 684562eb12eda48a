-- Which records may be of whom a verification file names: by number everywhere, otherwise by two things they share.
WITH alike AS (
    SELECT record.no AS a_no, verified.no AS b_no
    FROM current_record AS record
    JOIN verified_key AS verified ON record.iin = verified.iin
    UNION
    SELECT record.no AS a_no, verified.no AS b_no
    FROM current_record AS record
    JOIN verified_key AS verified ON record.names = verified.names AND record.birth_on = verified.birth_on
    UNION
    SELECT record.no AS a_no, verified.no AS b_no
    FROM current_record AS record
    JOIN verified_key AS verified ON record.here_id = verified.institution_id AND record.names = verified.names
    UNION
    SELECT record.no AS a_no, verified.no AS b_no
    FROM current_record AS record
    JOIN verified_key AS verified ON record.here_id = verified.institution_id AND record.birth_on = verified.birth_on
)

SELECT
    alike.a_no,
    alike.b_no,
    COALESCE(scoped.institution_id = verified_key.institution_id, FALSE) AS is_here
FROM alike
JOIN scoped ON alike.a_no = scoped.no
JOIN verified_key ON alike.b_no = verified_key.no
LEFT JOIN institution ON scoped.institution_id = institution.institution_id
LEFT JOIN residence_rule USING (category_code)
-- nobody asks of a safe house whether somebody is there, but the house itself; a site whose category nobody knows may be one
WHERE is_here OR institution.institution_id IS NULL OR residence_rule.pattern <> 'SAFE_HOUSE'
