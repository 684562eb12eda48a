-- Certificates that came back by act, spoiled or unused.
SELECT
    office_number(json_extract_string(cells, 'first_no')) AS first_no,
    office_number(json_extract_string(cells, 'last_no')) AS last_no,
    json_extract_string(cells, 'staff_id') AS staff_id,
    json_extract_string(cells, 'act_no') AS act_no,
    office_day(json_extract_string(cells, 'returned_on')) AS returned_on,
    json_extract_string(cells, 'reason_code') AS reason_code,
    batch_id
FROM office_state
WHERE kind = 'certificate_return' AND state = 'in_force'
