-- One state per record, the first that applies.
SELECT
    record.record_id,
    record.batch_id,
    record.route,
    record.received_at,
    COALESCE(batch.institution_id, record.institution_id, 'UNKNOWN') AS institution_id,
    CASE
        WHEN case_record.standing <> 'current' THEN case_record.standing
        WHEN respondent.scope_reason IS NOT NULL THEN 'out_of_scope'
        WHEN person_record.role = 'duplicate' THEN 'duplicate'
        ELSE 'counted'
    END AS state,
    CASE
        WHEN case_record.standing <> 'current' THEN case_record.reason
        WHEN respondent.scope_reason IS NOT NULL THEN respondent.scope_reason
        WHEN person_record.role = 'duplicate' THEN 'SAME_PERSON'
    END AS reason,
    record.case_id,
    person_record.person_id,
    case_record.has_pending_version
FROM record
JOIN case_record USING (record_id)
LEFT JOIN batch ON record.batch_id = batch.batch_id
LEFT JOIN respondent USING (record_id)
LEFT JOIN person_record USING (record_id)
