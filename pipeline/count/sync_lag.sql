-- How long a case takes from the interview to the mark of sending, and from there to us, in whole minutes. What came before,
-- a draft and a training case say nothing of it.
WITH timed AS (
    SELECT
        route,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        date_diff('minute', completed_at, synced_at) AS sync_minutes,
        date_diff('minute', synced_at, received_at) AS transfer_minutes,
        date_diff('minute', completed_at, received_at) AS total_minutes
    FROM record
    LEFT JOIN institution USING (institution_id)
    ANTI JOIN (FROM record_state WHERE state IN ('unreadable', 'repeated')) AS again USING (record_id)
    CROSS JOIN round
    WHERE completed_at >= round.census_moment_at  -- a clock before the moment tells no time
        AND is_training IS NOT TRUE
        AND case_status IS DISTINCT FROM 'draft'
),

measured AS (
    SELECT
        route,
        institution_id,
        count(*) AS record_count,
        count(*) FILTER (WHERE total_minutes < 0) AS clock_ahead_count,  -- completed after receipt: a clock runs ahead
        quantile_disc(sync_minutes, [0.5, 0.95]) AS sync,
        quantile_disc(transfer_minutes, [0.5, 0.95]) AS transfer,
        quantile_disc(total_minutes, [0.5, 0.95]) AS total
    FROM timed
    GROUP BY route, institution_id
)

SELECT
    route,
    institution_id,
    record_count,
    clock_ahead_count,
    sync[1] AS sync_p50_minutes,
    sync[2] AS sync_p95_minutes,
    transfer[1] AS transfer_p50_minutes,
    transfer[2] AS transfer_p95_minutes,
    total[1] AS total_p50_minutes,
    total[2] AS total_p95_minutes
FROM measured
