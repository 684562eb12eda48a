-- The sum of record_state: every record received is in exactly one state. An institution nobody registered is UNKNOWN:
-- the text there may be a name.
WITH state AS (
    SELECT
        batch_id,
        institution_id,
        count(*) AS received_count,
        count(*) FILTER (WHERE state = 'unreadable') AS unreadable_count,
        count(*) FILTER (WHERE state = 'repeated') AS repeated_count,
        count(*) FILTER (WHERE state = 'quarantined') AS quarantined_count,
        count(*) FILTER (WHERE state = 'superseded') AS superseded_count,
        count(*) FILTER (WHERE state = 'out_of_scope') AS out_of_scope_count,
        count(*) FILTER (WHERE state = 'duplicate') AS duplicate_count,
        count(*) FILTER (WHERE state = 'counted') AS counted_count
    FROM record_state
    GROUP BY batch_id, institution_id
)

-- A batch without a record is a line of zeros: it was received, and brought nothing.
SELECT
    batch.route,
    COALESCE(state.institution_id, sender.institution_id, 'UNKNOWN') AS institution_id,
    batch.batch_id,
    batch.received_at,
    COALESCE(state.received_count, 0) AS received_count,
    COALESCE(state.unreadable_count, 0) AS unreadable_count,
    COALESCE(state.repeated_count, 0) AS repeated_count,
    COALESCE(state.quarantined_count, 0) AS quarantined_count,
    COALESCE(state.superseded_count, 0) AS superseded_count,
    COALESCE(state.out_of_scope_count, 0) AS out_of_scope_count,
    COALESCE(state.duplicate_count, 0) AS duplicate_count,
    COALESCE(state.counted_count, 0) AS counted_count
FROM batch
LEFT JOIN state USING (batch_id)
LEFT JOIN institution AS sender ON batch.institution_id = sender.institution_id
WHERE batch.route NOT IN (FROM office_route)
