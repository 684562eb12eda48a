-- The rows of the lists in force; names lie apart.
SELECT
    record_id AS entry_id,
    list_id,
    institution_id,
    CAST(json_extract_string(cells, 'entry_no') AS INTEGER) AS entry_no,
    json_extract_string(cells, 'ward') AS ward,
    CAST(json_extract_string(cells, 'admitted_on') AS DATE) AS admitted_on,
    CAST(json_extract_string(cells, 'sex') AS INTEGER) AS sex,
    json_extract_string(cells, 'iin') IS NOT NULL AS has_iin,
    json_extract_string(cells, 'note_code') AS note_code
FROM office_state
WHERE route = 'list' AND state = 'in_force'
