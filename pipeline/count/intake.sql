-- The ledger of registers, lists, movements, headcounts and verification files.
-- An institution nobody registered is UNKNOWN: the text there may be a name.
WITH state AS (
    SELECT
        intake_record.batch_id,
        institution.institution_id,
        count(*) AS received_count,
        count(*) FILTER (WHERE state = 'in_force') AS in_force_count,
        count(*) FILTER (WHERE state = 'replaced') AS replaced_count,
        count(*) FILTER (WHERE state = 'repeated') AS repeated_count,
        count(*) FILTER (WHERE state = 'quarantined') AS quarantined_count,
        count(*) FILTER (WHERE state = 'unreadable') AS unreadable_count
    FROM intake_record
    LEFT JOIN institution USING (institution_id)
    GROUP BY intake_record.batch_id, institution.institution_id
)

SELECT
    batch.route,
    COALESCE(state.institution_id, sender.institution_id, 'UNKNOWN') AS institution_id,
    batch.batch_id,
    batch.received_at,
    COALESCE(state.received_count, 0) AS received_count,
    COALESCE(state.in_force_count, 0) AS in_force_count,
    COALESCE(state.replaced_count, 0) AS replaced_count,
    COALESCE(state.repeated_count, 0) AS repeated_count,
    COALESCE(state.quarantined_count, 0) AS quarantined_count,
    COALESCE(state.unreadable_count, 0) AS unreadable_count
FROM batch
LEFT JOIN state USING (batch_id)
LEFT JOIN institution AS sender ON batch.institution_id = sender.institution_id
WHERE batch.route IN (FROM office_route)
