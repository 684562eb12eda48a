-- One state per record, the first that applies. An institution nobody registered is UNKNOWN: what was typed there may be a name.
SELECT
    record.record_id,
    record.batch_id,
    record.route,
    record.received_at,
    COALESCE(sender.institution_id, written.institution_id, 'UNKNOWN') AS institution_id,
    CASE
        WHEN linked.record_id IS NULL THEN case_record.standing
        WHEN linked.scope_reason IS NOT NULL THEN 'out_of_scope'
        WHEN linked.role = 'duplicate' THEN 'duplicate'
        ELSE 'counted'
    END AS state,
    CASE
        WHEN linked.record_id IS NULL THEN case_record.reason
        WHEN linked.scope_reason IS NOT NULL THEN linked.scope_reason
        WHEN linked.role = 'duplicate' THEN 'SAME_PERSON'
    END AS reason,
    record.case_id,
    linked.person_id,
    COALESCE(case_record.has_pending_version, FALSE) AS has_pending_version,
    linked.record_id IS NULL AND case_record.standing = 'quarantined' AND quarantine_decision.action IS NOT DISTINCT FROM 'discard'
        AS is_settled
FROM record
LEFT JOIN (SELECT * FROM case_record WHERE standing <> 'current' OR has_pending_version) AS case_record USING (record_id)
LEFT JOIN linked USING (record_id)
LEFT JOIN quarantine_decision USING (record_id)
LEFT JOIN batch ON record.batch_id = batch.batch_id
LEFT JOIN institution AS sender ON batch.institution_id = sender.institution_id
LEFT JOIN institution AS written ON record.institution_id = written.institution_id
