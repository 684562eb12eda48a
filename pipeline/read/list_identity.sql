-- Who the rows of the lists in force are about.
SELECT
    record_id AS entry_id,
    json_extract_string(cells, 'iin') AS iin,
    json_extract_string(cells, 'full_name_raw') AS full_name_raw,
    json_extract_string(cells, 'family_name') AS family_name,
    json_extract_string(cells, 'given_name') AS given_name,
    json_extract_string(cells, 'patronymic') AS patronymic,
    CAST(json_extract_string(cells, 'sex') AS INTEGER) AS sex,
    CAST(json_extract_string(cells, 'birth_on') AS DATE) AS birth_on,
    json_extract_string(cells, 'birth_date_precision') AS birth_date_precision
FROM office_state
WHERE route = 'list' AND state = 'in_force'
