-- One state per record, the first that applies.
SELECT
    record.record_id,
    record.batch_id,
    record.route,
    record.received_at,
    COALESCE(batch.institution_id, record.institution_id, 'UNKNOWN') AS institution_id,
    CASE
        WHEN case_record.standing <> 'current' THEN case_record.standing
        WHEN scoped.scope_reason IS NOT NULL THEN 'out_of_scope'
        WHEN linked.role = 'duplicate' THEN 'duplicate'
        ELSE 'counted'
    END AS state,
    CASE
        WHEN case_record.standing <> 'current' THEN case_record.reason
        WHEN scoped.scope_reason IS NOT NULL THEN scoped.scope_reason
        WHEN linked.role = 'duplicate' THEN 'SAME_PERSON'
    END AS reason,
    record.case_id,
    linked.person_id,
    case_record.has_pending_version
FROM record
JOIN case_record USING (record_id)
LEFT JOIN batch ON record.batch_id = batch.batch_id
LEFT JOIN scoped USING (record_id)
LEFT JOIN linked USING (record_id)
