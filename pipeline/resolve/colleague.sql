-- Responsible staff by name, folded word by word.
WITH word AS (
    SELECT
        staff_identity.staff_id,
        staff.institution_id,
        unnest(string_split(staff_identity.full_name, ' ')) AS raw,
        generate_subscripts(string_split(staff_identity.full_name, ' '), 1) AS word_no
    FROM staff_identity
    JOIN staff USING (staff_id)
)

SELECT
    word.staff_id,
    word.institution_id,
    string_agg(spelling.fold, ' ' ORDER BY word.word_no) AS full_fold
FROM word
JOIN spelling USING (raw)
GROUP BY word.staff_id, word.institution_id
