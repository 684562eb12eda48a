-- The ledger of what offices send: one line per row, and what became of it.
SELECT
    record_id,
    batch_id,
    record_no,
    file_no,
    route,
    received_at,
    institution_id,
    kind,
    state,
    reason,
    content_sha256
FROM office_state
