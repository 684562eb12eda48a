-- Answers of second interviews in force, each about a variable of a case; empty where there was none.
SELECT
    verification_state.source_id,
    json_extract_string(verification_state.cells, 'case_id') AS case_id,
    ref_variable.variable,
    CASE ref_variable.type
        WHEN 'boolean' THEN office_boolean(json_extract_string(verification_state.cells, 'value'))::VARCHAR
        ELSE json_extract_string(verification_state.cells, 'value')
    END AS value
FROM verification_state
JOIN ref_variable ON json_extract_string(verification_state.cells, 'variable') = ref_variable.variable
WHERE verification_state.kind = 'answer' AND verification_state.state = 'in_force'
