-- List entries of the institution's own staff: noted so, or of a staff member's full name.
WITH colleague AS (
    SELECT DISTINCT
        staff.institution_id,
        family_stem(split_part(staff_identity.full_name, ' ', 1)) AS family_stem,
        name_fold(staff_identity.full_name) AS full_fold
    FROM staff
    JOIN staff_identity USING (staff_id)
    WHERE staff_identity.full_name IS NOT NULL
),

namesake AS (
    SELECT
        document_key.no,
        document_key.document_id,
        colleague.full_fold
    FROM document_key
    JOIN spelling ON document_key.family_no = spelling.spelling_no
    JOIN colleague ON document_key.institution_id = colleague.institution_id AND spelling.family_stem = colleague.family_stem
    WHERE document_key.is_entry
)

SELECT namesake.no
FROM namesake
JOIN list_identity ON namesake.document_id = list_identity.entry_id
WHERE name_fold(concat_ws(' ', list_identity.family_name, list_identity.given_name, list_identity.patronymic)) = namesake.full_fold
UNION
SELECT document_key.no
FROM document_key
JOIN list_entry ON document_key.document_id = list_entry.entry_id
WHERE document_key.is_entry AND list_entry.note_code = 'STAFF'
