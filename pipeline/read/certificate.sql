-- Certificates handed out: ranges of numbers, each to one member of staff by act (R11).
SELECT
    office_number(json_extract_string(cells, 'first_no')) AS first_no,
    office_number(json_extract_string(cells, 'last_no')) AS last_no,
    json_extract_string(cells, 'staff_id') AS staff_id,
    json_extract_string(cells, 'act_no') AS act_no,
    office_day(json_extract_string(cells, 'issued_on')) AS issued_on,
    batch_id
FROM office_state
WHERE kind = 'certificate' AND state = 'in_force'
