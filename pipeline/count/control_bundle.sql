-- What bundles, pulls and media say they carry, beside what was in them.
WITH bundle AS (
    SELECT *
    FROM came
    WHERE is_of_tablet
),

-- Each bundle and each pull: what it said it carried.
batch_rows AS (
    SELECT
        'BATCH' AS control_code,
        'batch' AS subject_kind,
        batch_id AS subject_id,
        institution_id,
        declared_count,
        came_count AS received_count,
        received_at AS since_at,
        route AS detail
    FROM came
    WHERE declared_count IS NOT NULL AND route NOT IN (FROM office_route)
),

-- Each day as the tablet counted it, by its own clock; and the portal's total.
day_received AS (
    SELECT
        record.batch_id,
        (record.completed_at + to_minutes(COALESCE(record.completed_offset_min, 0)))::DATE AS counted_on,
        count(*) AS received_count
    FROM record
    WHERE record.completed_at IS NOT NULL AND record.route IN ('tablet_vpn', 'tablet_usb')
    GROUP BY ALL
),

dayless AS (
    SELECT
        batch_id,
        count(*) AS record_count
    FROM record
    WHERE completed_at IS NULL AND COALESCE(read_error NOT IN ('UNKNOWN_FILE', 'BAD_MANIFEST'), TRUE)
    GROUP BY batch_id
),

day_compared AS (
    SELECT
        bundle.batch_id,
        bundle.institution_id,
        bundle.received_at,
        batch_daily.counted_on,
        batch_daily.declared_count,
        bundle.is_accounted,
        COALESCE(day_received.received_count, 0) AS received_count,
        COALESCE(dayless.record_count, 0) AS dayless_count,
        greatest(batch_daily.declared_count - COALESCE(day_received.received_count, 0), 0) AS short_count
    FROM batch_daily
    JOIN bundle USING (batch_id)
    LEFT JOIN day_received USING (batch_id, counted_on)
    LEFT JOIN dayless USING (batch_id)
),

-- Records of the bundle whose day cannot be read fill its days, the first short one first.
bundle_days AS (
    SELECT
        'BUNDLE_DAY' AS control_code,
        'batch' AS subject_kind,
        batch_id AS subject_id,
        institution_id,
        counted_on,
        declared_count,
        received_count + least(short_count, CASE WHEN is_accounted THEN short_count ELSE greatest(
            dayless_count - (sum(short_count) OVER (PARTITION BY batch_id ORDER BY counted_on) - short_count), 0
        ) END) AS received_count,
        received_at AS since_at
    FROM day_compared
),

-- The act of a medium: one count for all its bundles, those that an earlier medium had brought among them.
medium_act AS (
    SELECT
        medium_id,
        custody_act_no,
        min_by(batch_id, received_at ORDER BY received_at, batch_id) AS first_batch_id,
        min_by(institution_id, received_at ORDER BY received_at, batch_id) AS institution_id,
        max(act_case_count) AS act_case_count,
        min(received_at) AS since_at
    FROM came
    WHERE route = 'tablet_usb' AND act_case_count IS NOT NULL
    GROUP BY medium_id, custody_act_no
),

on_medium AS (
    SELECT DISTINCT
        medium_id,
        custody_act_no,
        unnest(list_append(carried_batch_ids, batch_id)) AS batch_id
    FROM batch
    WHERE route = 'tablet_usb' AND act_case_count IS NOT NULL
),

medium_rows AS (
    SELECT
        'MEDIUM_ACT' AS control_code,
        'medium' AS subject_kind,
        medium_act.medium_id AS subject_id,
        medium_act.first_batch_id AS subject_key,
        medium_act.institution_id,
        medium_act.act_case_count AS declared_count,
        sum(came.came_count) AS received_count,
        medium_act.since_at,
        -- the number of the act and no letters; never so many digits that they could be an IIN
        regexp_extract(medium_act.custody_act_no, '^[A-Z]{0,6}-?([0-9]{1,4}([/-][0-9]{1,4}){0,2})$', 1) AS detail
    FROM medium_act
    JOIN on_medium
        ON medium_act.medium_id IS NOT DISTINCT FROM on_medium.medium_id
        AND medium_act.custody_act_no IS NOT DISTINCT FROM on_medium.custody_act_no
    JOIN came ON on_medium.batch_id = came.batch_id
    GROUP BY ALL
)

SELECT * FROM batch_rows
UNION ALL BY NAME
SELECT * FROM bundle_days
UNION ALL BY NAME
SELECT * FROM medium_rows
