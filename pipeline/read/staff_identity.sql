-- Names of responsible staff.
SELECT
    json_extract_string(cells, 'staff_id') AS staff_id,
    json_extract_string(cells, 'full_name') AS full_name
FROM office_state
WHERE kind = 'staff' AND state = 'in_force'
