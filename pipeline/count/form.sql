-- Every form that stands, once; no drafts, no training. A time counts only where the clock can be true: begun after the moment, done within
-- a day.
WITH standing AS (
    SELECT
        record.record_id,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        COALESCE(known_mode(record.mode), 'UNKNOWN') AS mode,
        record.staff_id AS account_id,
        CASE WHEN record.staff_id IS NULL THEN 'NONE' ELSE COALESCE(staff.staff_id, 'UNKNOWN') END AS staff_id,
        -- on the web no screen is named; sorted by in a fraction of the time of three texts
        CASE WHEN record.device_id IS NOT NULL THEN hash(record.institution_id, record.staff_id, record.device_id) END AS screen_key,
        record_state.state,
        record_state.received_at,
        record.started_at,
        record.completed_at,
        COALESCE(record.started_at, record.completed_at) AS begun_at,
        date_diff('second', record.started_at, record.completed_at) AS seconds
    FROM record
    JOIN record_state USING (record_id)
    LEFT JOIN institution ON record.institution_id = institution.institution_id
    LEFT JOIN staff ON record.staff_id = staff.staff_id
    WHERE record_state.state IN ('counted', 'duplicate', 'out_of_scope')
    AND record.is_training IS NOT TRUE AND record.case_status IS DISTINCT FROM 'draft'
),

clocked AS (
    SELECT
        standing.* EXCLUDE (seconds),
        CASE WHEN standing.seconds BETWEEN 0 AND 86400 THEN standing.seconds END AS seconds,
        CASE
            WHEN standing.begun_at >= round.census_moment_at THEN timezone(round.zone, timezone('UTC', standing.begun_at))
        END AS begun_local_at
    FROM standing
    CROSS JOIN round
)

-- One by one at one screen: an account in use at two screens is shared, which is another matter, and on the web nobody knows.
SELECT
    clocked.* EXCLUDE (begun_at),
    told.is_from_administration,
    told.answers_key,
    COALESCE(
        clocked.screen_key IS NOT NULL AND clocked.begun_local_at IS NOT NULL
        AND lag(clocked.seconds) OVER one_by_one IS NOT NULL AND lag(clocked.completed_at) OVER one_by_one > clocked.started_at,
        FALSE
    ) AS is_overlapping,
    COALESCE(clocked.screen_key IS NOT NULL AND lag(told.answers_key) OVER one_by_one = told.answers_key, FALSE) AS is_same_again
FROM clocked
LEFT JOIN told USING (record_id)
WINDOW one_by_one AS (PARTITION BY clocked.screen_key ORDER BY clocked.started_at, clocked.record_id)
