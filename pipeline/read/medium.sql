-- USB media.
SELECT
    json_extract_string(cells, 'medium_id') AS medium_id,
    json_extract_string(cells, 'employee_id') AS employee_id,
    json_extract_string(cells, 'act_no') AS act_no,
    office_day(json_extract_string(cells, 'copied_on')) AS copied_on,
    office_integer(json_extract_string(cells, 'act_case_count')) AS act_case_count,
    office_day(json_extract_string(cells, 'wiped_on')) AS wiped_on,
    batch_id
FROM office_state
WHERE kind = 'medium' AND state = 'in_force'
