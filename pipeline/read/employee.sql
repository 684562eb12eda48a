-- Employees of the Department who may carry media.
SELECT
    json_extract_string(cells, 'employee_id') AS employee_id,
    batch_id
FROM office_state
WHERE kind = 'employee' AND state = 'in_force'
