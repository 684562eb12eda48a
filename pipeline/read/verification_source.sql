-- Sources of verification in force, with what each says of itself; independent only where an employee of the register vouches for it.
WITH filled AS (
    SELECT
        source_id,
        count(*) FILTER (WHERE kind <> 'source' AND state = 'in_force') AS row_count
    FROM verification_state
    GROUP BY source_id
)

SELECT
    verification_state.source_id,
    json_extract_string(verification_state.cells, 'source_kind') AS source_kind,
    verification_state.institution_id,
    office_day(json_extract_string(verification_state.cells, 'taken_on')) AS taken_on,
    office_integer(json_extract_string(verification_state.cells, 'row_count')) AS declared_count,
    filled.row_count,
    COALESCE(office_boolean(json_extract_string(verification_state.cells, 'is_independent')), FALSE) AND employee.employee_id IS NOT NULL
        AS is_independent,
    employee.employee_id AS declared_by,
    verification_state.batch_id
FROM verification_state
JOIN filled USING (source_id)
LEFT JOIN employee ON json_extract_string(verification_state.cells, 'declared_by') = employee.employee_id
WHERE verification_state.kind = 'source' AND verification_state.state = 'in_force'
