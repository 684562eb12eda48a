-- Responsible staff by name, folded word by word.
WITH word AS (
    SELECT
        staff_identity.staff_id,
        staff.institution_id,
        unnest(string_split(staff_identity.full_name, ' ')) AS word,
        generate_subscripts(string_split(staff_identity.full_name, ' '), 1) AS word_no
    FROM staff_identity
    JOIN staff USING (staff_id)
),

-- Words repeat, folding them is dear.
folded AS MATERIALIZED (
    SELECT
        word,
        name_fold(word) AS fold
    FROM (SELECT DISTINCT word FROM word)
)

SELECT
    word.staff_id,
    word.institution_id,
    string_agg(folded.fold, ' ' ORDER BY word.word_no) AS full_fold
FROM word
JOIN folded USING (word)
GROUP BY word.staff_id, word.institution_id
