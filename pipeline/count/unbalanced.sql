-- Batches of which more or fewer records are accounted for than were received. Empty on every good night.
WITH landed AS (
    SELECT
        batch_id,
        count(*) AS record_count
    FROM record
    GROUP BY batch_id
),

submissions AS (
    SELECT
        ledger.batch_id,
        sum(ledger.received_count) AS received_count,
        sum(
            ledger.unreadable_count + ledger.repeated_count + ledger.quarantined_count + ledger.superseded_count
            + ledger.out_of_scope_count + ledger.duplicate_count + ledger.counted_count
        ) AS state_count
    FROM ledger
    GROUP BY ledger.batch_id
),

others AS (
    SELECT
        intake.batch_id,
        sum(intake.received_count) AS received_count,
        sum(
            intake.in_force_count + intake.replaced_count + intake.repeated_count + intake.quarantined_count
            + intake.unreadable_count
        ) AS state_count
    FROM intake
    GROUP BY intake.batch_id
)

-- Received is said three times, each time by somebody else: the batch as landed, its records as read, their states.
SELECT
    batch.route,
    batch.batch_id,
    batch.record_count AS landed_count,
    COALESCE(submissions.received_count, 0) AS received_count,
    COALESCE(submissions.state_count, 0) AS state_count
FROM batch
LEFT JOIN landed USING (batch_id)
LEFT JOIN submissions USING (batch_id)
WHERE batch.route NOT IN ('register', 'list', 'movement', 'headcount')
AND (
    COALESCE(landed.record_count, 0) <> batch.record_count
    OR COALESCE(submissions.received_count, 0) <> batch.record_count
    OR COALESCE(submissions.state_count, 0) <> batch.record_count
)
UNION ALL
SELECT
    batch.route,
    batch.batch_id,
    batch.record_count AS landed_count,
    COALESCE(others.received_count, 0) AS received_count,
    COALESCE(others.state_count, 0) AS state_count
FROM batch
LEFT JOIN others USING (batch_id)
WHERE batch.route IN ('register', 'list', 'movement', 'headcount')
AND (COALESCE(others.received_count, 0) <> batch.record_count OR COALESCE(others.state_count, 0) <> batch.record_count)
ORDER BY 1, 2
