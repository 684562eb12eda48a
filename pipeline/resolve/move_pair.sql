-- Which movements before the moment may speak of which list entries of the same institution.
WITH entry AS (
    SELECT no, institution_id, iin, names, birth_on FROM document_key WHERE is_entry
),

move AS (
    SELECT no, institution_id, iin, names, birth_on FROM document_key WHERE is_before
)

SELECT entry.no AS a_no, move.no AS b_no
FROM entry
JOIN move USING (institution_id, iin)
UNION
SELECT entry.no AS a_no, move.no AS b_no
FROM entry
JOIN move USING (institution_id, names)
UNION
SELECT entry.no AS a_no, move.no AS b_no
FROM entry
JOIN move USING (institution_id, birth_on)
