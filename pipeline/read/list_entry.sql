-- The rows of the lists in force; names lie apart.
SELECT
    entry_id,
    list_id,
    institution_id,
    entry_no,
    ward,
    admitted_on,
    sex,
    iin IS NOT NULL AS has_iin,
    note_code
FROM list_row
