-- Every use of a certificate: the number on a record, and the person. What could not be read, came again, was replaced or discarded uses
-- none, and neither does a training case or a draft.
SELECT
    TRY_CAST(record.certificate_no AS BIGINT) AS certificate_no,
    record_state.person_id,
    record_state.received_at,
    COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id
FROM record
JOIN record_state USING (record_id)
LEFT JOIN institution ON record_state.institution_id = institution.institution_id
WHERE regexp_full_match(record.certificate_no, '[0-9]{1,10}')
AND record_state.state NOT IN ('unreadable', 'repeated', 'superseded') AND record_state.is_settled IS NOT TRUE
AND record.is_training IS NOT TRUE AND record.case_status IS DISTINCT FROM 'draft'
