-- What the sender says it had, beside what came: the ledger cannot see what never arrived (method 2, R18, R19).
-- An id is shown only if the register knows it: what a sender wrote there may be a name.
-- What a bundle lacked is a gap of the tablet's counters once it has exported again, and the bundle's no longer.
WITH came AS (
    SELECT
        batch.* REPLACE (institution.institution_id AS institution_id),
        COALESCE(accounted.exported_at > batch.received_at, FALSE) AS is_accounted,
        CASE WHEN is_accounted THEN greatest(batch.slot_count, batch.declared_count) ELSE batch.slot_count END AS came_count
    FROM batch
    LEFT JOIN accounted USING (device_id)
    LEFT JOIN institution ON batch.institution_id = institution.institution_id
),

-- A bundle that is not believed says nothing of the tablet it names; of an altered one the statement is proven and the lines are not.
bundle AS (
    SELECT *
    FROM came
    WHERE route IN ('tablet_vpn', 'tablet_usb') AND COALESCE(seal_fault = 'BUNDLE_ALTERED', TRUE)
),

-- 1. The tablet's counters since it was issued: created = received + declared deleted.
tablet AS (
    SELECT
        device_id,
        max(created_count) AS created_count,
        COALESCE(max(deleted_count), 0) AS deleted_count,
        max(last_case_no) AS last_case_no,
        min_by(institution_id, received_at ORDER BY received_at, batch_id) AS institution_id,
        min(received_at) AS first_received_at,
        min_by(batch_id, received_at ORDER BY received_at, batch_id) AS first_batch_id
    FROM bundle
    WHERE device_id IS NOT NULL
    GROUP BY device_id
),

numbered AS (
    SELECT
        bundle.device_id,
        count(DISTINCT record.device_case_no) AS number_count,
        max(record.device_case_no) AS last_case_no
    FROM record
    JOIN bundle USING (batch_id)
    GROUP BY bundle.device_id
),

-- A damaged line that came by two routes is one case; what is no file of a bundle is none.
unread AS (
    SELECT
        bundle.device_id,
        count(DISTINCT record.bytes_sha256) AS unreadable_count
    FROM record
    JOIN bundle USING (batch_id)
    WHERE bundle.seal_fault IS NULL AND record.read_error NOT IN ('UNKNOWN_FILE', 'BAD_MANIFEST')
    GROUP BY bundle.device_id
),

counters AS (
    SELECT
        tablet.device_id,
        tablet.first_batch_id,
        tablet.institution_id,
        tablet.created_count,
        tablet.deleted_count,
        tablet.first_received_at,
        greatest(tablet.last_case_no, numbered.last_case_no) AS last_case_no,
        COALESCE(numbered.number_count, 0) AS number_count,
        COALESCE(unread.unreadable_count, 0) AS unreadable_count
    FROM tablet
    LEFT JOIN numbered USING (device_id)
    LEFT JOIN unread USING (device_id)
),

-- Of a tablet with fewer numbers than its counter says: what came, with an end before the first number and one behind the last.
-- The counter may say anything, so nothing is made as long as it: of each gap there are as many numbers as are told.
number_here AS (
    SELECT
        device_id,
        unnest([0, last_case_no::BIGINT + 1]) AS case_no
    FROM counters
    WHERE last_case_no > number_count
    UNION
    SELECT
        bundle.device_id,
        record.device_case_no AS case_no
    FROM record
    JOIN bundle USING (batch_id)
    JOIN counters ON bundle.device_id = counters.device_id
    WHERE counters.last_case_no > counters.number_count AND record.device_case_no > 0
),

missing_no AS (
    SELECT
        device_id,
        unnest(range(case_no + 1, least(next_no, case_no + 21))) AS case_no
    FROM (
        SELECT
            *,
            lead(case_no) OVER (PARTITION BY device_id ORDER BY case_no) AS next_no
        FROM number_here
    )
    WHERE next_no > case_no + 1
),

missing AS (
    SELECT
        device_id,
        min(case_no) AS first_missing_no,
        array_to_string(list(case_no ORDER BY case_no)[1:20], ' ') AS missing_numbers
    FROM missing_no
    GROUP BY device_id
),

-- The gap is known since the first bundle whose counter had passed the missing number.
known_since AS (
    SELECT
        missing.device_id,
        min(bundle.received_at) AS since_at
    FROM missing
    JOIN bundle ON missing.device_id = bundle.device_id AND bundle.last_case_no >= missing.first_missing_no
    GROUP BY missing.device_id
),

-- What cannot be read has arrived all the same: it fills the count, but not the place of a number.
counter_rows AS (
    SELECT
        'TABLET_COUNTER' AS control_code,
        'tablet' AS subject_kind,
        counters.device_id AS subject_id,
        counters.first_batch_id AS subject_key,
        counters.institution_id,
        counters.created_count AS declared_count,
        counters.number_count + counters.deleted_count + least(
            counters.unreadable_count,
            greatest(counters.created_count - counters.number_count - counters.deleted_count, 0)
        ) AS received_count,
        COALESCE(known_since.since_at, counters.first_received_at) AS since_at,
        missing.missing_numbers AS detail
    FROM counters
    LEFT JOIN missing USING (device_id)
    LEFT JOIN known_since USING (device_id)
    WHERE counters.created_count IS NOT NULL
),

number_rows AS (
    SELECT
        'TABLET_NUMBERS' AS control_code,
        'tablet' AS subject_kind,
        counters.device_id AS subject_id,
        counters.first_batch_id AS subject_key,
        counters.institution_id,
        counters.last_case_no AS declared_count,
        counters.number_count + counters.deleted_count AS received_count,
        COALESCE(known_since.since_at, counters.first_received_at) AS since_at,
        missing.missing_numbers AS detail
    FROM counters
    LEFT JOIN missing USING (device_id)
    LEFT JOIN known_since USING (device_id)
    WHERE counters.last_case_no IS NOT NULL
),

-- 2. Each bundle and each pull: what it said it carried.
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

-- 3. Each day as the tablet counted it, by its own clock; and the portal's total.
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

-- The Census Database is read again now and then: what it gave twice it accepted once.
census_line AS (
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

-- 4. The act of a medium: one count for all its bundles, those that an earlier medium had brought among them.
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
),

-- 5. Cases left on a tablet when it was returned, less those that came after all.
returned_rows AS (
    SELECT
        'TABLET_RETURNED' AS control_code,
        'tablet' AS subject_kind,
        device.device_id AS subject_id,
        device.institution_id,
        device.cases_left_count AS declared_count,
        device.cases_left_count - least(
            device.cases_left_count,
            greatest(COALESCE(counters.created_count - counters.deleted_count - counters.number_count, device.cases_left_count), 0)
        ) AS received_count,
        timezone('UTC', timezone(round.zone, device.returned_on::TIMESTAMP)) AS since_at,
        regexp_extract(device.return_act_no, '^[A-Z]{0,6}-?([0-9]{1,4}([/-][0-9]{1,4}){0,2})$', 1) AS detail
    FROM device
    LEFT JOIN counters USING (device_id)
    CROSS JOIN round
    WHERE device.returned_on IS NOT NULL AND device.cases_left_count IS NOT NULL
),

-- 6. Every case of 72 hours ago looked for in the Census Database.
census_db_rows AS (
    SELECT
        'CENSUS_DB' AS control_code,
        'route' AS subject_kind,
        route AS subject_id,
        count(*) AS declared_count,
        count(*) FILTER (WHERE is_found) AS received_count,
        COALESCE(min(received_at) FILTER (WHERE NOT is_found), max(received_at)) AS since_at
    FROM census_db_search
    GROUP BY route
),

-- 7. Certificates: issued = used + spoiled + returned + open; what is open when the windows have closed is a gap (R11).
certificate_used AS (
    SELECT DISTINCT certificate_no
    FROM certificate_use
),

-- What was brought back twice counts once.
brought_back AS (
    SELECT
        greatest(first_no, COALESCE(max(last_no) OVER before_this + 1, first_no)) AS first_no,
        last_no,
        reason_code
    FROM certificate_return
    WINDOW before_this AS (ORDER BY first_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),

certificate_back AS (
    SELECT
        certificate.first_no,
        sum(least(certificate.last_no, brought_back.last_no) - greatest(certificate.first_no, brought_back.first_no) + 1)
            FILTER (WHERE brought_back.reason_code = 'SPOILED') AS spoiled_count,
        sum(least(certificate.last_no, brought_back.last_no) - greatest(certificate.first_no, brought_back.first_no) + 1)
            FILTER (WHERE brought_back.reason_code = 'RETURNED') AS returned_count
    FROM certificate
    JOIN brought_back ON certificate.first_no <= brought_back.last_no AND certificate.last_no >= brought_back.first_no
    WHERE brought_back.first_no <= brought_back.last_no
    GROUP BY certificate.first_no
),

certificate_spent AS (
    SELECT
        certificate.first_no,
        count(*) AS used_count
    FROM certificate
    JOIN certificate_used ON certificate_used.certificate_no BETWEEN certificate.first_no AND certificate.last_no
    ANTI JOIN brought_back ON certificate_used.certificate_no BETWEEN brought_back.first_no AND brought_back.last_no
    GROUP BY certificate.first_no
),

closing AS (
    SELECT max(ends_at) AS closed_at
    FROM round_window
),

certificate_account AS (
    SELECT
        certificate.first_no,
        certificate.last_no,
        staff.institution_id,
        certificate.last_no - certificate.first_no + 1 AS issued_count,
        COALESCE(certificate_spent.used_count, 0) AS used_count,
        COALESCE(certificate_back.spoiled_count, 0) AS spoiled_count,
        COALESCE(certificate_back.returned_count, 0) AS returned_count
    FROM certificate
    LEFT JOIN staff USING (staff_id)
    LEFT JOIN certificate_spent USING (first_no)
    LEFT JOIN certificate_back USING (first_no)
),

certificate_open AS (
    SELECT
        *,
        issued_count - used_count - spoiled_count - returned_count AS open_count
    FROM certificate_account
),

certificate_rows AS (
    SELECT
        'CERTIFICATES' AS control_code,
        'certificates' AS subject_kind,
        certificate_open.first_no || '-' || certificate_open.last_no AS subject_id,
        certificate_open.institution_id,
        certificate_open.issued_count AS declared_count,
        certificate_open.issued_count - CASE WHEN build.as_of < closing.closed_at THEN 0 ELSE certificate_open.open_count END
            AS received_count,
        closing.closed_at AS since_at,
        printf(
            'used %d, spoiled %d, returned %d, open %d', certificate_open.used_count, certificate_open.spoiled_count,
            certificate_open.returned_count, certificate_open.open_count
        ) AS detail
    FROM certificate_open
    CROSS JOIN closing
    CROSS JOIN build
),

control AS (
    SELECT * FROM counter_rows
    UNION ALL BY NAME SELECT * FROM number_rows
    UNION ALL BY NAME SELECT * FROM batch_rows
    UNION ALL BY NAME SELECT * FROM bundle_days
    UNION ALL BY NAME SELECT * FROM portal_rows
    UNION ALL BY NAME SELECT * FROM census_day_rows
    UNION ALL BY NAME SELECT * FROM medium_rows
    UNION ALL BY NAME SELECT * FROM returned_rows
    UNION ALL BY NAME SELECT * FROM census_db_rows
    UNION ALL BY NAME SELECT * FROM certificate_rows
)

SELECT
    left(sha256(concat_ws('|', control_code, COALESCE(subject_key, subject_id), counted_on::VARCHAR)), 16) AS control_id,
    control_code,
    subject_kind,
    CASE subject_kind
        WHEN 'tablet' THEN COALESCE(device.device_id, 'UNKNOWN')
        WHEN 'medium' THEN COALESCE(medium.medium_id, 'UNKNOWN')
        ELSE subject_id
    END AS subject_id,
    institution.institution_id,
    counted_on,
    declared_count,
    received_count,
    declared_count - received_count AS gap_count,
    since_at,
    CASE WHEN subject_kind <> 'tablet' OR declared_count > received_count THEN detail END AS detail
FROM control
LEFT JOIN device ON control.subject_id = device.device_id
LEFT JOIN medium ON control.subject_id = medium.medium_id
LEFT JOIN institution ON control.institution_id = institution.institution_id
