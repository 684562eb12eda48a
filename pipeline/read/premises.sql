-- Readiness of each institution.
SELECT
    json_extract_string(cells, 'institution_id') AS institution_id,
    office_boolean(json_extract_string(cells, 'has_room')) AS has_room,
    office_integer(json_extract_string(cells, 'computer_count')) AS computer_count,
    office_boolean(json_extract_string(cells, 'has_internet')) AS has_internet,
    batch_id
FROM office_state
WHERE kind = 'premises' AND state = 'in_force'
