-- List entries that are members of the institution's own staff: noted so, or of a staff member's full name.
WITH colleague AS (
    SELECT DISTINCT
        staff.institution_id,
        name_fold(staff_identity.full_name) AS full_fold
    FROM staff
    JOIN staff_identity USING (staff_id)
    WHERE staff_identity.full_name IS NOT NULL
),

named AS (
    SELECT
        document_key.no,
        list_entry.institution_id,
        list_entry.note_code,
        name_fold(concat_ws(' ', list_identity.family_name, list_identity.given_name, list_identity.patronymic)) AS full_fold
    FROM list_entry
    JOIN list_identity USING (entry_id)
    JOIN document_key ON list_entry.entry_id = document_key.document_id AND document_key.kind = 'entry'
    WHERE list_entry.note_code IS NOT NULL
    OR list_entry.institution_id IN (SELECT institution_id FROM colleague)
)

SELECT DISTINCT named.no
FROM named
LEFT JOIN colleague ON named.institution_id = colleague.institution_id AND named.full_fold = colleague.full_fold
WHERE colleague.full_fold IS NOT NULL OR named.note_code = 'STAFF'
