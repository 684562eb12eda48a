-- Batches of which more or fewer records are accounted for than were received. Empty on every good night.
WITH read_in AS (
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
),

-- Received is said by several, each for itself: lines counted while the bytes were landed, records as read, states given.
said AS (
    SELECT
        batch.route,
        batch.batch_id,
        COALESCE(landed.line_count, batch.record_count) AS landed_count,
        CASE WHEN others.batch_id IS NULL THEN COALESCE(read_in.record_count, 0) ELSE batch.record_count END AS read_count,
        COALESCE(submissions.received_count, others.received_count, 0) AS received_count,
        COALESCE(submissions.state_count, others.state_count, 0) AS state_count
    FROM batch
    LEFT JOIN landed USING (batch_id)
    LEFT JOIN read_in USING (batch_id)
    LEFT JOIN submissions USING (batch_id)
    LEFT JOIN others USING (batch_id)
)

SELECT
    route,
    batch_id,
    landed_count,
    read_count,
    received_count,
    state_count
FROM said
WHERE landed_count <> read_count OR landed_count <> received_count OR landed_count <> state_count
ORDER BY route, batch_id
