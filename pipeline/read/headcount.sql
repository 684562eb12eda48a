-- The newest signed headcount of each institution.
SELECT
    office_state.institution_id,
    office_moment(json_extract_string(office_state.cells, 'moment_at'), round.zone) AS moment_at,
    office_integer(json_extract_string(office_state.cells, 'present_count')) AS present_count,
    office_integer(json_extract_string(office_state.cells, 'temporarily_absent_count')) AS temporarily_absent_count,
    office_integer(json_extract_string(office_state.cells, 'living_in_staff_count')) AS living_in_staff_count,
    office_integer(json_extract_string(office_state.cells, 'usual_present_count')) AS usual_present_count,
    json_extract_string(office_state.cells, 'signed_by_staff_id') AS signed_by_staff_id,
    office_day(json_extract_string(office_state.cells, 'signed_on')) AS signed_on,
    office_state.batch_id
FROM office_state
CROSS JOIN round
WHERE office_state.route = 'headcount' AND office_state.state = 'in_force'
