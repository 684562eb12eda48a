-- Everything in quarantine, and verification files nobody can read, which are told until they are settled: where it lies, why, since when,
-- and what people decided. No word of what it says.
WITH held AS (
    SELECT
        record_state.record_id,
        record_state.route,
        'submission' AS kind,
        record_state.batch_id,
        record_state.institution_id,
        record_state.reason,
        record_state.received_at,
        record.file_no,
        record.byte_offset,
        record.byte_length,
        NULL AS row_no,
        record.bytes_sha256 AS content_sha256,
        record.answers_sha256,
        -- an unapproved form by its name: a code the round knows, a version that is written like one, and no other word of the sender
        CASE
            WHEN record_state.reason <> 'R-FORM-NOT-APPROVED' THEN NULL
            WHEN record.form_code NOT IN (SELECT form_code FROM ref_form) OR record.form_code IS NULL THEN 'UNKNOWN'
            WHEN NOT regexp_full_match(COALESCE(record.form_version, ''), '[0-9]{4}\.[0-9]{1,2}') THEN record.form_code || ' UNKNOWN'
            ELSE record.form_code || ' ' || record.form_version
        END AS form,
        record.case_id IS NOT NULL AND record.case_version IS NOT NULL AS is_releasable
    FROM record_state
    JOIN record USING (record_id)
    WHERE record_state.state = 'quarantined'
    UNION ALL BY NAME
    SELECT
        record_id,
        route,
        kind,
        batch_id,
        institution_id,
        reason,
        received_at,
        file_no,
        record_no AS row_no,
        content_sha256,
        reason = 'MAPPING_UNCERTAIN' AS is_releasable
    FROM intake_record
    WHERE state = 'quarantined' OR (route = 'verification' AND state = 'unreadable')
),

-- The same bytes, or the same answers, may have come before or after.
digest AS (
    SELECT record_id, unnest([content_sha256, answers_sha256]) AS digest
    FROM held
),

seen AS (
    SELECT bytes_sha256 AS digest, batch_id, received_at FROM record
    UNION ALL BY NAME
    SELECT answers_sha256 AS digest, batch_id, received_at FROM record
    UNION ALL BY NAME
    SELECT content_sha256 AS digest, batch_id, received_at FROM intake_record
),

copies AS (
    SELECT
        digest.record_id,
        min(seen.received_at) AS first_seen_at,
        greatest(max(seen.received_at), max(receipt.noted_at)) AS last_seen_at
    FROM digest
    JOIN seen USING (digest)
    LEFT JOIN receipt ON seen.batch_id = receipt.batch_id
    GROUP BY digest.record_id
),

last_line AS (
    SELECT
        record_id,
        action
    FROM decision_line
    QUALIFY decision_no = max(decision_no) OVER (PARTITION BY record_id)
)

SELECT
    held.record_id,
    held.route,
    held.kind,
    CASE
        WHEN guarded_item.record_id IS NOT NULL THEN 'S3'
        ELSE COALESCE(institution.institution_id, 'UNKNOWN')
    END AS institution_id,
    held.reason,
    held.form,
    held.batch_id,
    held.file_no,
    held.byte_offset,
    held.byte_length,
    held.row_no,
    held.content_sha256,
    copies.first_seen_at,
    copies.last_seen_at,
    date_diff('hour', held.received_at, build.as_of) AS age_hours,
    CASE
        WHEN last_line.action IN ('release', 'discard') AND last_line.action IS DISTINCT FROM quarantine_decision.action THEN 'proposed'
        WHEN quarantine_decision.action = 'release' THEN 'released'
        WHEN quarantine_decision.action = 'discard' THEN 'settled'
        ELSE 'waits'
    END AS standing,
    last_line.action AS last_action,
    held.is_releasable,
    guarded_item.record_id IS NOT NULL AS needs_two
FROM held
CROSS JOIN build
JOIN copies USING (record_id)
LEFT JOIN institution ON held.institution_id = institution.institution_id
LEFT JOIN guarded_item ON held.record_id = guarded_item.record_id
LEFT JOIN quarantine_decision ON held.record_id = quarantine_decision.record_id
LEFT JOIN last_line ON held.record_id = last_line.record_id
ORDER BY held.received_at, held.record_id
