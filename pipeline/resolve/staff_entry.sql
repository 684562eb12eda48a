-- List entries of the institution's own staff: noted so, or of a staff member's full name.
WITH folded AS MATERIALIZED (
    SELECT
        full_name,
        family_stem(split_part(full_name, ' ', 1)) AS family_stem,
        name_fold(full_name) AS full_fold
    FROM (SELECT DISTINCT full_name FROM staff_identity WHERE full_name IS NOT NULL)
),

colleague AS (
    SELECT DISTINCT
        staff.institution_id,
        folded.family_stem,
        folded.full_fold
    FROM staff
    JOIN staff_identity USING (staff_id)
    JOIN folded USING (full_name)
),

namesake AS MATERIALIZED (
    SELECT
        document_key.no,
        colleague.full_fold,
        list_identity.family_name,
        list_identity.given_name,
        list_identity.patronymic
    FROM document_key
    JOIN spelling ON document_key.family_no = spelling.spelling_no
    JOIN colleague ON document_key.institution_id = colleague.institution_id AND spelling.family_stem = colleague.family_stem
    JOIN list_identity ON document_key.document_id = list_identity.entry_id
    WHERE document_key.is_entry
)

SELECT no
FROM namesake
WHERE name_fold(concat_ws(' ', family_name, given_name, patronymic)) = full_fold
UNION
SELECT no
FROM document_key
WHERE note_code = 'STAFF'
