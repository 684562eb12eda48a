-- List entries of the institution's own staff: noted so, or of a staff member's full name, word by word.
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
),

colleague AS (
    SELECT
        word.institution_id,
        string_agg(folded.fold, ' ' ORDER BY word.word_no) AS full_fold
    FROM word
    JOIN folded USING (word)
    GROUP BY word.staff_id, word.institution_id
),

named AS (
    SELECT
        document_key.no,
        document_key.institution_id,
        concat_ws(' ', family.fold, given.fold, patronymic.fold) AS full_fold
    FROM document_key
    JOIN spelling AS family ON document_key.family_no = family.spelling_no
    LEFT JOIN spelling AS given ON document_key.given_no = given.spelling_no
    LEFT JOIN spelling AS patronymic ON document_key.patronymic_no = patronymic.spelling_no
    WHERE document_key.is_entry
)

SELECT named.no
FROM named
JOIN colleague USING (institution_id, full_fold)
UNION
SELECT no
FROM document_key
WHERE note_code = 'STAFF'
