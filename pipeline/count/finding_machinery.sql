-- What tablets, media and routes say.
WITH clock AS (
    SELECT
        build.as_of,
        round.census_moment_at,
        round.tablet_start_at,
        (
            SELECT max(round_window.ends_at)
            FROM round_window
            WHERE round_window.mode = 'tablet'
        ) AS tablet_end_at
    FROM build
    CROSS JOIN round
),

gaps AS (
    SELECT
        'CONTROL_GAP' AS kind,
        COALESCE(min(institution_id), 'UNKNOWN') AS institution_id,
        subject_kind,
        subject_id,
        max(age_hours) AS measured,
        max(gap_count) AS person_count,
        min(since_at) AS since_at
    FROM control_total
    WHERE gap_count > 0 AND control_code <> 'CERTIFICATES'  -- papers, no cases: finding_certificate
    -- senders the register does not know are told apart by the institution at least
    GROUP BY subject_kind, subject_id, CASE subject_id WHEN 'UNKNOWN' THEN institution_id END
),

lags AS (
    SELECT
        'VPN_LAG' AS kind,
        institution_id,
        'institution' AS subject_kind,
        institution_id AS subject_id,
        sync_p95_minutes // 60 AS measured,
        record_count AS person_count,
        clock.as_of - to_minutes(sync_p95_minutes) AS since_at
    FROM sync_lag
    CROSS JOIN clock
    WHERE route = 'tablet_vpn'
),

last_heard AS (
    SELECT
        device_id,
        max(received_at) AS heard_at
    FROM batch
    WHERE route IN ('tablet_vpn', 'tablet_usb') AND COALESCE(seal_fault = 'BUNDLE_ALTERED', TRUE)
    GROUP BY device_id
),

outstanding AS (
    SELECT
        device.device_id,
        device.institution_id,
        greatest(COALESCE(last_heard.heard_at, clock.tablet_start_at), clock.tablet_start_at) AS heard_at,
        coverage_institution.no_outcome_count,
        clock.as_of,
        clock.tablet_end_at
    FROM device
    LEFT JOIN last_heard USING (device_id)
    LEFT JOIN coverage_institution USING (institution_id)
    CROSS JOIN clock
    WHERE device.returned_on IS NULL AND device.issued_on <= clock.as_of::DATE
),

silent AS (
    SELECT
        'TABLET_SILENT' AS kind,
        institution_id,
        'tablet' AS subject_kind,
        device_id AS subject_id,
        date_diff('hour', heard_at, as_of) // 24 AS measured,
        no_outcome_count AS person_count,
        heard_at AS since_at
    FROM outstanding
    WHERE no_outcome_count > 0 AND heard_at < as_of AND as_of <= tablet_end_at  -- afterwards it is to be handed back
),

not_returned AS (
    SELECT
        'TABLET_NOT_RETURNED' AS kind,
        institution_id,
        'tablet' AS subject_kind,
        device_id AS subject_id,
        date_diff('hour', tablet_end_at, as_of) // 24 AS measured,
        0 AS person_count,
        tablet_end_at AS since_at
    FROM outstanding
    WHERE as_of > tablet_end_at
),

media AS (
    SELECT
        'MEDIUM_LATE' AS kind,
        COALESCE(min(institution.institution_id), 'UNKNOWN') AS institution_id,
        'medium' AS subject_kind,
        COALESCE(medium.medium_id, 'UNKNOWN') AS subject_id,
        max(date_diff('hour', batch.copied_at, COALESCE(batch.loaded_at, batch.received_at))) AS measured,
        sum(batch.record_count) AS person_count,
        min(batch.copied_at) AS since_at
    FROM batch
    LEFT JOIN medium USING (medium_id)
    LEFT JOIN institution ON batch.institution_id = institution.institution_id
    WHERE batch.route = 'tablet_usb' AND batch.medium_id IS NOT NULL AND batch.copied_at IS NOT NULL
    GROUP BY medium.medium_id, CASE WHEN medium.medium_id IS NULL THEN institution.institution_id END
),

-- A stick of anyone else than the employee to whom the register gives it.
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
    WHERE batch.route = 'tablet_usb'
    AND (employee.employee_id IS NULL OR batch.custody_employee_id IS DISTINCT FROM employee.employee_id)
    GROUP BY institution.institution_id, medium.medium_id
),

not_believed AS (
    SELECT
        'BUNDLE_NOT_BELIEVED' AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'tablet' AS subject_kind,
        COALESCE(tablet.device_id, 'UNKNOWN') AS subject_id,
        count(*) AS measured,
        sum(batch.record_count) AS person_count,
        min(batch.received_at) AS since_at
    FROM batch
    LEFT JOIN (SELECT DISTINCT device_id FROM device) AS tablet USING (device_id)
    LEFT JOIN institution ON batch.institution_id = institution.institution_id
    WHERE batch.seal_fault IS NOT NULL
    GROUP BY institution.institution_id, tablet.device_id
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
    GROUP BY institution.institution_id, late_batch.route
)

SELECT * FROM gaps
UNION ALL BY NAME SELECT * FROM after_close
UNION ALL BY NAME SELECT * FROM refused_form
UNION ALL BY NAME SELECT * FROM lags
UNION ALL BY NAME SELECT * FROM silent
UNION ALL BY NAME SELECT * FROM not_returned
UNION ALL BY NAME SELECT * FROM media
UNION ALL BY NAME SELECT * FROM strange_media
UNION ALL BY NAME SELECT * FROM not_believed
