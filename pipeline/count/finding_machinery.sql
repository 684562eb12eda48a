-- What tablets, media and routes say.
WITH clock AS (
    SELECT
        build.as_of,
        build.seen_at,
        (
            SELECT max(round_window.ends_at)
            FROM round_window
            WHERE round_window.mode = 'tablet'
        ) AS tablet_end_at
    FROM build
),

-- What a bundle of a known tablet lacks is the tablet's: one sender, one row, however many of its bundles and days are short.
short AS (
    SELECT
        control_total.control_code,
        COALESCE(device.institution_id, control_total.institution_id, 'UNKNOWN') AS institution_id,
        CASE WHEN device.device_id IS NULL THEN control_total.subject_kind ELSE 'tablet' END AS subject_kind,
        COALESCE(device.device_id, control_total.subject_id) AS subject_id,
        control_total.gap_count,
        control_total.since_at
    FROM control_total
    LEFT JOIN batch ON control_total.subject_kind = 'batch' AND control_total.subject_id = batch.batch_id
    LEFT JOIN device
        ON device.device_id = CASE control_total.subject_kind WHEN 'tablet' THEN control_total.subject_id ELSE batch.device_id END
    WHERE control_total.gap_count > 0 AND control_total.control_code <> 'CERTIFICATES'  -- papers, no cases: finding_certificate
),

-- One case may be missed by several controls: the control that misses most is the honest minimum.
gap AS (
    SELECT
        institution_id,
        subject_kind,
        subject_id,
        sum(gap_count) AS person_count,
        min(since_at) AS since_at
    FROM short
    GROUP BY control_code, institution_id, subject_kind, subject_id
),

gaps AS (
    SELECT
        'CONTROL_GAP' AS kind,
        gap.institution_id,
        gap.subject_kind,
        gap.subject_id,
        date_diff('hour', min(gap.since_at), clock.seen_at) AS measured,
        max(gap.person_count) AS person_count,
        min(gap.since_at) AS since_at
    FROM gap
    CROSS JOIN clock
    GROUP BY gap.institution_id, gap.subject_kind, gap.subject_id, clock.seen_at
),

first_sent AS (
    SELECT
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        min(record.received_at) AS received_at
    FROM record
    LEFT JOIN institution USING (institution_id)
    ANTI JOIN (FROM record_state WHERE state IN ('unreadable', 'repeated')) AS again USING (record_id)
    WHERE record.route = 'tablet_vpn' AND record.is_training IS NOT TRUE AND record.case_status IS DISTINCT FROM 'draft'
    GROUP BY institution.institution_id
),

lags AS (
    SELECT
        'VPN_LAG' AS kind,
        sync_lag.institution_id,
        'institution' AS subject_kind,
        sync_lag.institution_id AS subject_id,
        sync_lag.sync_p95_minutes // 60 AS measured,
        sync_lag.record_count AS person_count,
        first_sent.received_at AS since_at
    FROM sync_lag
    JOIN first_sent USING (institution_id)
    WHERE sync_lag.route = 'tablet_vpn'
),

outstanding AS (
    SELECT
        tablet.*,
        tablet.route IS NOT DISTINCT FROM 'tablet_usb' AS is_unloaded_only,
        awaited.person_count,
        clock.as_of,
        clock.seen_at,
        clock.tablet_end_at
    FROM tablet
    LEFT JOIN awaited USING (institution_id)
    CROSS JOIN clock
    WHERE tablet.silent_since_at IS NOT NULL
),

silent AS (
    SELECT
        'TABLET_SILENT' AS kind,
        institution_id,
        'tablet' AS subject_kind,
        device_id AS subject_id,
        silent_days AS measured,
        person_count,
        silent_since_at AS since_at
    FROM outstanding
    WHERE person_count IS NOT NULL AND NOT is_unloaded_only AND seen_at <= tablet_end_at  -- afterwards it is to be handed back
),

not_unloaded AS (
    SELECT
        'TABLET_NOT_UNLOADED' AS kind,
        institution_id,
        'tablet' AS subject_kind,
        device_id AS subject_id,
        date_diff('hour', silent_since_at, as_of) AS measured,
        person_count,
        silent_since_at AS since_at
    FROM outstanding
    WHERE person_count IS NOT NULL AND is_unloaded_only AND seen_at <= tablet_end_at
),

not_returned AS (
    SELECT
        'TABLET_NOT_RETURNED' AS kind,
        institution_id,
        'tablet' AS subject_kind,
        device_id AS subject_id,
        date_diff('hour', tablet_end_at, seen_at) // 24 AS measured,
        0 AS person_count,
        tablet_end_at AS since_at
    FROM outstanding
    WHERE seen_at > tablet_end_at
),

media AS (
    SELECT
        'MEDIUM_LATE' AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'medium' AS subject_kind,
        COALESCE(medium.medium_id, 'UNKNOWN') AS subject_id,
        max(date_diff('hour', batch.copied_at, COALESCE(batch.loaded_at, batch.received_at))) AS measured,
        sum(batch.record_count) AS person_count,
        min(batch.copied_at) AS since_at
    FROM batch
    LEFT JOIN medium USING (medium_id)
    LEFT JOIN institution ON batch.institution_id = institution.institution_id
    WHERE batch.route = 'tablet_usb' AND batch.medium_id IS NOT NULL AND batch.copied_at IS NOT NULL
    GROUP BY institution.institution_id, medium.medium_id
),

-- A stick of anyone else than the employee to whom the register gives it, by its custody record; where that is wanting, see below.
strange_media AS (
    SELECT
        'MEDIUM_NOT_OURS' AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'medium' AS subject_kind,
        COALESCE(medium.medium_id, 'UNKNOWN') AS subject_id,
        count(*) AS measured,
        sum(batch.record_count) AS person_count,
        min(batch.received_at) AS since_at
    FROM batch
    LEFT JOIN medium USING (medium_id)
    LEFT JOIN employee ON medium.employee_id = employee.employee_id
    LEFT JOIN institution ON batch.institution_id = institution.institution_id
    WHERE batch.route = 'tablet_usb' AND NOT regexp_matches(array_to_string(batch.problems, ' '), 'NO_CUSTODY|CUSTODY_UNREADABLE')
    AND COALESCE(batch.custody_employee_id <> employee.employee_id, TRUE)
    GROUP BY institution.institution_id, medium.medium_id
),

-- A custody record that is wanting or does not fit what lies beside it (R17, R21): hashes, reason, moment, tablet, institution.
custody_fault AS (
    SELECT
        'CUSTODY_FAULT' AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'medium' AS subject_kind,
        COALESCE(medium.medium_id, 'UNKNOWN') AS subject_id,
        count(*) AS measured,
        sum(batch.record_count) AS person_count,
        min(batch.received_at) AS since_at
    FROM batch
    LEFT JOIN medium USING (medium_id)
    LEFT JOIN institution ON batch.institution_id = institution.institution_id
    WHERE batch.route = 'tablet_usb' AND regexp_matches(array_to_string(batch.problems, ' '), 'CUSTODY')
    GROUP BY institution.institution_id, medium.medium_id
),

-- Told until the tablet has exported again. One whose key is revoked never will: the people are to be asked again.
not_believed AS (
    SELECT
        CASE WHEN unproven_bundle.is_key_revoked THEN 'BUNDLE_KEY_REVOKED' ELSE 'BUNDLE_NOT_BELIEVED' END AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'tablet' AS subject_kind,
        COALESCE(device.device_id, 'UNKNOWN') AS subject_id,
        count(*) AS measured,
        sum(batch.record_count) AS person_count,
        min(batch.received_at) AS since_at
    FROM unproven_bundle
    JOIN batch USING (batch_id)
    LEFT JOIN device USING (device_id)
    LEFT JOIN institution ON batch.institution_id = institution.institution_id
    GROUP BY ALL
),

-- A form nobody approved, by name (R22): a code the round knows and a version written like one, and no other word of the sender.
refused_form AS (
    SELECT
        'FORM_NOT_APPROVED' AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'form' AS subject_kind,
        CASE
            WHEN record.form_code IS NULL OR record.form_code NOT IN (SELECT form_code FROM ref_form) THEN 'UNKNOWN'
            WHEN NOT regexp_full_match(COALESCE(record.form_version, ''), '[0-9]{4}\.[0-9]{1,2}') THEN record.form_code || ' UNKNOWN'
            ELSE record.form_code || ' ' || record.form_version
        END AS subject_id,
        count(*) AS measured,
        count(*) AS person_count,
        min(record_state.received_at) AS since_at
    FROM record_state
    JOIN record USING (record_id)
    LEFT JOIN institution ON record_state.institution_id = institution.institution_id
    WHERE record_state.reason = 'R-FORM-NOT-APPROVED' AND record_state.is_settled IS NOT TRUE
    GROUP BY ALL
),

-- What came after the round was closed: landed and named, and nothing of it counts until it is reopened.
after_close AS (
    SELECT
        'ARRIVED_AFTER_CLOSE' AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'route' AS subject_kind,
        late_batch.route AS subject_id,
        count(*) AS measured,
        COALESCE(sum(late_batch.line_count), 0) AS person_count,
        min(timezone('UTC', late_batch.received_at::TIMESTAMPTZ)) AS since_at
    FROM late_batch
    LEFT JOIN institution ON late_batch.institution_id = institution.institution_id
    -- what only tells of rows gone from the Census Database brings nobody
    WHERE late_batch.route <> 'census_db' OR late_batch.line_count > 0
    GROUP BY institution.institution_id, late_batch.route
),

-- Cases that the Census Database gave and has no more: they are counted here, and lost there.
gone_case AS (
    SELECT
        'CENSUS_DB_GONE' AS kind,
        'UNKNOWN' AS institution_id,
        'route' AS subject_kind,
        'census_db' AS subject_id,
        count(*) AS measured,
        count(*) AS person_count,
        min(gone_at) AS since_at
    FROM census_db_gone
    HAVING count(*) > 0
),

-- Routes we ask, while a window is open that feeds them.
fed_route AS (
    SELECT
        route_window.route,
        min(route_window.starts_at) AS starts_at
    FROM route_window
    CROSS JOIN build
    WHERE build.as_of >= route_window.starts_at AND build.as_of < route_window.ends_at
    GROUP BY route_window.route
),

-- a search that only found rows gone from the Census Database brings no record: the road itself may stand still
heard_route AS (
    SELECT
        batch.route,
        max(batch.received_at) AS heard_at
    FROM batch
    WHERE
        batch.route <> 'census_db'
        OR batch.batch_id IN (SELECT record.batch_id FROM record WHERE record.route = 'census_db')
    GROUP BY batch.route
),

-- A route that is down brings no count of the sender's either: no control total misses what it did not bring.
silent_route AS (
    SELECT
        'ROUTE_SILENT' AS kind,
        'UNKNOWN' AS institution_id,
        'route' AS subject_kind,
        fed_route.route AS subject_id,
        date_diff('hour', greatest(fed_route.starts_at, heard_route.heard_at), build.as_of) AS measured,
        (
            SELECT sum(person_count)
            FROM awaited
        ) AS person_count,
        greatest(fed_route.starts_at, heard_route.heard_at) AS since_at
    FROM fed_route
    LEFT JOIN heard_route USING (route)
    CROSS JOIN build
    -- a pull that finds nothing new lands no batch either: where nobody is awaited over the route it is no silence
    WHERE
        EXISTS (FROM awaited)
        AND (
            fed_route.route <> 'tablet_vpn'
            OR EXISTS (FROM outstanding WHERE person_count IS NOT NULL AND NOT is_unloaded_only)
        )
)

SELECT * FROM gaps
UNION ALL BY NAME SELECT * FROM after_close
UNION ALL BY NAME SELECT * FROM silent_route
UNION ALL BY NAME SELECT * FROM gone_case
UNION ALL BY NAME SELECT * FROM refused_form
UNION ALL BY NAME SELECT * FROM lags
UNION ALL BY NAME SELECT * FROM silent
UNION ALL BY NAME SELECT * FROM not_unloaded
UNION ALL BY NAME SELECT * FROM not_returned
UNION ALL BY NAME SELECT * FROM media
UNION ALL BY NAME SELECT * FROM strange_media
UNION ALL BY NAME SELECT * FROM custody_fault
UNION ALL BY NAME SELECT * FROM not_believed
