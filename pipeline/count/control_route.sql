-- What portal and Census Database say they accepted, beside what their pulls brought.
-- The Census Database is read again now and then: what it gave twice it accepted once.
WITH census_line AS (
    SELECT
        record.batch_id,
        record.read_error IS NOT NULL OR record.case_id IS NULL OR record.case_version IS NULL OR row_number() OVER (
            PARTITION BY record.read_error IS NULL, record.case_id, record.case_version
            ORDER BY record.received_at, record.batch_id, record.record_no
        ) = 1 AS is_first
    FROM record
    WHERE record.route = 'census_db'
),

accepted AS (
    SELECT
        batch_id,
        count(*) FILTER (WHERE is_first) AS record_count
    FROM census_line
    GROUP BY batch_id
),

-- The portal counts all it ever accepted, movements and headcounts too, by its own day of receipt,
-- which a line does not carry: totals are compared.
pull_declared AS (
    SELECT
        batch_id,
        sum(declared_count) AS declared_count
    FROM batch_daily
    GROUP BY batch_id
),

pull AS (
    SELECT
        batch.route,
        batch.batch_id,
        batch.received_at,
        pull_declared.declared_count,
        sum(COALESCE(accepted.record_count, batch.record_count)) OVER (
            PARTITION BY batch.route ORDER BY batch.received_at, batch.batch_id
        ) AS received_count
    FROM batch
    LEFT JOIN pull_declared USING (batch_id)
    LEFT JOIN accepted USING (batch_id)
    WHERE batch.route IN ('portal', 'census_db')
    OR (batch.route IN ('movement', 'headcount') AND batch.source_id = 'portal' AND batch.institution_id IS NULL)
),

-- A gap is as old as the first pull since the last one without.
told AS (
    SELECT
        *,
        max(received_at) FILTER (WHERE declared_count <= received_count) OVER (PARTITION BY route) AS balanced_at
    FROM pull
    WHERE declared_count IS NOT NULL
),

portal_rows AS (
    SELECT
        'PORTAL_TOTAL' AS control_code,
        'route' AS subject_kind,
        route AS subject_id,
        declared_count,
        received_count,
        COALESCE(min(received_at) FILTER (WHERE balanced_at IS NULL OR received_at > balanced_at) OVER (PARTITION BY route), received_at)
            AS since_at
    FROM told
    QUALIFY row_number() OVER (PARTITION BY route ORDER BY received_at DESC, batch_id DESC) = 1
),

-- The Census Database tells the day of every line: a surplus of one day does not fill the gap of another. A line given again fills its
-- day once more. Where batches landed before that day was kept, nothing can be said.
census_day AS (
    SELECT
        batch_daily.counted_on,
        batch.batch_id,
        batch.received_at,
        batch_daily.declared_count,
        sum(batch_daily.landed_count) OVER (
            PARTITION BY batch_daily.counted_on ORDER BY batch.received_at, batch.batch_id
        ) AS received_count,
        bool_and(batch_daily.landed_count IS NOT NULL) OVER () AS is_known
    FROM batch_daily
    JOIN batch USING (batch_id)
    WHERE batch.route = 'census_db'
),

census_day_told AS (
    SELECT
        *,
        max(received_at) FILTER (WHERE declared_count <= received_count) OVER (PARTITION BY counted_on) AS balanced_at
    FROM census_day
    WHERE is_known
),

census_day_rows AS (
    SELECT
        'CENSUS_DAY' AS control_code,
        'route' AS subject_kind,
        'census_db' AS subject_id,
        counted_on,
        declared_count,
        received_count,
        COALESCE(
            min(received_at) FILTER (WHERE balanced_at IS NULL OR received_at > balanced_at) OVER (PARTITION BY counted_on), received_at
        ) AS since_at
    FROM census_day_told
    QUALIFY row_number() OVER (PARTITION BY counted_on ORDER BY received_at DESC, batch_id DESC) = 1
),

-- Every case of 72 hours ago looked for in the Census Database: until then it is not missing there.
census_db_rows AS (
    SELECT
        'CENSUS_DB' AS control_code,
        'route' AS subject_kind,
        route AS subject_id,
        count(*) AS declared_count,
        count(*) FILTER (WHERE is_found) AS received_count,
        COALESCE(min(received_at) FILTER (WHERE NOT is_found), max(received_at)) + INTERVAL 72 HOUR AS since_at
    FROM census_db_search
    GROUP BY route
)

SELECT * FROM portal_rows
UNION ALL BY NAME
SELECT * FROM census_day_rows
UNION ALL BY NAME
SELECT * FROM census_db_rows
