-- List entries of the institution's own staff: noted so, or of a staff member's full name, word by word. A family name
-- alone, with or without initials, is nobody's full name.
WITH named AS (
    SELECT
        document_key.no,
        document_key.institution_id,
        concat_ws(' ', family.fold, given.fold, patronymic.fold) AS full_fold
    FROM document_key
    JOIN spelling AS family ON document_key.family_no = family.spelling_no
    JOIN spelling AS given ON document_key.given_no = given.spelling_no
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
