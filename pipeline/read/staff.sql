-- Responsible staff; their names lie apart.
SELECT
    json_extract_string(cells, 'staff_id') AS staff_id,
    json_extract_string(cells, 'institution_id') AS institution_id,
    json_extract_string(cells, 'order_no') AS order_no,
    office_day(json_extract_string(cells, 'order_on')) AS order_on,
    office_day(json_extract_string(cells, 'trained_on')) AS trained_on,
    batch_id
FROM office_state
WHERE kind = 'staff' AND state = 'in_force'
