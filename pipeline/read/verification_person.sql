-- People named by the sources in force, one row each; names lie apart.
SELECT
    office_state.record_id AS verification_id,
    verification_state.source_id,
    COALESCE(json_extract_string(verification_state.cells, 'finding'), 'PRESENT') AS finding
FROM office_state
JOIN verification_state USING (batch_id, record_no)
WHERE office_state.route = 'verification' AND office_state.kind = 'person' AND office_state.state = 'in_force'
