-- Every way in which something received could have been lost between landing and ledger. No row: balanced.
WITH sent AS (
    SELECT
        batch_id,
        route,
        record_count
    FROM batch
),

recorded AS (
    SELECT
        batch_id,
        count(*) AS record_count
    FROM record
    GROUP BY batch_id
),

stated AS (
    SELECT
        batch_id,
        count(*) AS record_count,
        count(DISTINCT record_id) AS distinct_count
    FROM record_state
    GROUP BY batch_id
),

summed AS (
    SELECT
        batch_id,
        sum(received_count) AS received_count,
        sum(
            unreadable_count + repeated_count + quarantined_count + superseded_count + out_of_scope_count + duplicate_count
            + counted_count
        ) AS state_count
    FROM ledger
    GROUP BY batch_id
),

taken AS (
    SELECT
        batch_id,
        count(*) AS row_count
    FROM intake_record
    GROUP BY batch_id
),

intaken AS (
    SELECT
        batch_id,
        sum(received_count) AS received_count,
        sum(in_force_count + replaced_count + repeated_count + quarantined_count + unreadable_count) AS state_count
    FROM intake
    GROUP BY batch_id
),

problem AS (
    -- a landed batch nobody read
    SELECT
        'BATCH_NOT_READ' AS problem,
        landed.batch_id,
        1 AS wanted_count,
        0 AS found_count
    FROM landed
    ANTI JOIN sent ON landed.batch_id = sent.batch_id
    UNION ALL
    SELECT
        'RECORDS_LOST_AFTER_READING',
        sent.batch_id,
        sent.record_count,
        COALESCE(recorded.record_count, 0)
    FROM sent
    LEFT JOIN recorded USING (batch_id)
    WHERE sent.route NOT IN (FROM office_route)
    AND sent.record_count IS DISTINCT FROM COALESCE(recorded.record_count, 0)
    UNION ALL
    SELECT
        'RECORDS_WITHOUT_ONE_STATE',
        COALESCE(recorded.batch_id, stated.batch_id),
        COALESCE(recorded.record_count, 0),
        COALESCE(stated.distinct_count, 0)
    FROM recorded
    FULL JOIN stated ON recorded.batch_id = stated.batch_id
    WHERE recorded.record_count IS DISTINCT FROM stated.record_count
    OR stated.record_count IS DISTINCT FROM stated.distinct_count
    UNION ALL
    SELECT
        'LEDGER_DOES_NOT_ADD_UP',
        batch_id,
        received_count,
        state_count
    FROM summed
    WHERE received_count IS DISTINCT FROM state_count
    UNION ALL
    SELECT
        'LEDGER_MISSES_RECORDS',
        COALESCE(recorded.batch_id, summed.batch_id),
        COALESCE(recorded.record_count, 0),
        COALESCE(summed.received_count, 0)
    FROM recorded
    FULL JOIN summed ON recorded.batch_id = summed.batch_id
    WHERE COALESCE(recorded.record_count, 0) <> COALESCE(summed.received_count, 0)
    UNION ALL
    SELECT
        'INTAKE_DOES_NOT_ADD_UP',
        batch_id,
        received_count,
        state_count
    FROM intaken
    WHERE received_count IS DISTINCT FROM state_count
    UNION ALL
    SELECT
        'INTAKE_MISSES_ROWS',
        COALESCE(taken.batch_id, intaken.batch_id),
        COALESCE(taken.row_count, 0),
        COALESCE(intaken.received_count, 0)
    FROM taken
    FULL JOIN intaken ON taken.batch_id = intaken.batch_id
    WHERE COALESCE(taken.row_count, 0) <> COALESCE(intaken.received_count, 0)
)

SELECT
    problem.problem,
    problem.batch_id,
    sent.route,
    problem.wanted_count,
    problem.found_count
FROM problem
LEFT JOIN sent USING (batch_id)
ORDER BY problem.problem, problem.batch_id
