-- Checks of the campaign that are no discrepancy of a site: how many findings among how many looked at.
WITH form AS (
    SELECT
        record.record_id,
        record.case_status,
        record.is_training,
        record.mode,
        record.staff_id,
        record.started_at,
        record.completed_at,
        record.completed_offset_min,
        record_state.state,
        record_state.is_settled,
        record_state.person_id
    FROM record
    JOIN record_state USING (record_id)
    WHERE record_state.state NOT IN ('unreadable', 'repeated', 'superseded')
),

zone AS (
    SELECT date_diff('minute', census_moment_at, timezone(zone, timezone('UTC', census_moment_at))) AS offset_min
    FROM round
),

modes AS (
    SELECT person_id
    FROM form
    WHERE person_id IS NOT NULL
    GROUP BY person_id
    HAVING count(*) FILTER (WHERE mode = 'tablet') > 0 AND count(*) FILTER (WHERE mode <> 'tablet') > 0
),

other_rule AS (
    SELECT tier AS subject
    FROM disclosure
    NATURAL ANTI JOIN released_disclosure
    UNION ALL
    SELECT category_code
    FROM (
        SELECT category_code, tier, publication_group FROM ref_category
        EXCEPT
        SELECT category_code, tier, publication_group FROM released_category
    )
    UNION
    -- a house that has become more sensitive since its group was told of
    SELECT institution.institution_id
    FROM institution
    JOIN released_institution AS told USING (institution_id)
    LEFT JOIN ref_category ON ref_category.category_code = institution.category_code
    LEFT JOIN released_category ON released_category.category_code = told.category_code
    JOIN released_group
        ON released_group.build_id = told.build_id
        AND released_group.publication_group = COALESCE(released_category.publication_group, 'OTHER')
    WHERE site_tier(institution.institution_id, ref_category.tier, institution.ward_tier)
        > site_tier(told.institution_id, released_category.tier, told.ward_tier)
)

SELECT
    'TRAINING' AS check_id,
    count(*) FILTER (WHERE is_training) AS finding_count,
    count(*) AS checked_count
FROM form
UNION ALL
-- Counted though begun before the interviews, or left out as training though begun after: each wants somebody who looks.
SELECT
    'TRAINING_SUSPECT',
    count(*) FILTER (WHERE CASE
        WHEN form.is_training THEN form.started_at >= round.tablet_start_at
        ELSE form.started_at >= round.list_as_of_on AND form.started_at < round.tablet_start_at AND form.state IN ('counted', 'duplicate')
    END),
    count(*)
FROM form
CROSS JOIN round
WHERE form.mode = 'tablet'
UNION ALL
SELECT
    'UNSUBMITTED',
    count(*) FILTER (WHERE case_status = 'draft' AND mode <> 'tablet'),
    count(*) FILTER (WHERE mode <> 'tablet')
FROM form
UNION ALL
SELECT
    'ASSISTED',
    count(*) FILTER (WHERE form.mode = 'web_assisted' AND staff.staff_id IS NULL),
    count(*) FILTER (WHERE form.mode = 'web_assisted')
FROM form
LEFT JOIN staff USING (staff_id)
UNION ALL
SELECT
    'ROUTES',
    (
        SELECT count(*)
        FROM discrepancy
        WHERE kind = 'ROUTE_SILENT'
    ),
    count(DISTINCT route_window.route)
FROM route_window
CROSS JOIN build
WHERE build.as_of >= route_window.starts_at AND build.as_of < route_window.ends_at
UNION ALL
SELECT
    'PORTAL_GAP',
    count(*) FILTER (WHERE gap_count > 0),
    count(*)
FROM control_total
WHERE control_code = 'PORTAL_TOTAL' AND subject_id = 'portal'
UNION ALL
SELECT
    'COUNTER_GAP',
    count(*) FILTER (WHERE gap_count > 0),
    count(*)
FROM control_total
WHERE control_code IN ('TABLET_COUNTER', 'TABLET_NUMBERS')
UNION ALL
SELECT
    'BUNDLE_GAP',
    count(*) FILTER (WHERE gap_count > 0),
    count(*)
FROM control_total
WHERE control_code IN ('BATCH', 'BUNDLE_DAY', 'MEDIUM_ACT')
UNION ALL
-- A release is made by the rules of disclosure of its day; one that stands by other rules than today's may show what must not be shown.
SELECT
    'DISCLOSURE',
    (
        SELECT count(*)
        FROM other_rule
        CROSS JOIN release
    ),
    count(*)
FROM release
UNION ALL
SELECT
    'CENSUS_DB_GAP',
    count(*) FILTER (WHERE gap_count > 0),
    count(*)
FROM control_total
WHERE control_code IN ('CENSUS_DB', 'CENSUS_DAY') OR (control_code = 'PORTAL_TOTAL' AND subject_id = 'census_db')
UNION ALL
SELECT
    'CENSUS_DB_GONE',
    (
        SELECT count(*)
        FROM census_db_gone
    ),
    count(DISTINCT case_id)
FROM record
WHERE route = 'census_db'
UNION ALL
SELECT
    'TABLET_LEFT',
    count(*) FILTER (WHERE gap_count > 0),
    count(*)
FROM control_total
WHERE control_code = 'TABLET_RETURNED'
UNION ALL
SELECT
    'CLOCK',
    count(*) FILTER (
        WHERE form.completed_offset_min <> zone.offset_min OR form.completed_at < round.census_moment_at
        OR form.completed_at > build.as_of
    ),
    count(*) FILTER (WHERE form.completed_at IS NOT NULL)
FROM form
CROSS JOIN zone
CROSS JOIN round
CROSS JOIN build
WHERE form.mode = 'tablet'
UNION ALL
SELECT
    'WEB_AND_TABLET',
    (
        SELECT count(*)
        FROM modes
    ),
    count(DISTINCT person_id)
FROM form
UNION ALL
SELECT
    'REVIEW',
    count(*),
    -- a night without a doubtful pair is in order, so they are held against the people and not against themselves
    (
        SELECT count(*)
        FROM person
    )
FROM review_pair
UNION ALL
SELECT
    'QUARANTINE',
    count(*) FILTER (WHERE state = 'quarantined' AND is_settled IS NOT TRUE),
    count(*)
FROM form
UNION ALL
SELECT
    'NO_OUTCOME',
    COALESCE(sum(no_outcome_count), 0)::BIGINT,
    COALESCE(sum(list_count), 0)::BIGINT
FROM coverage_institution
UNION ALL
SELECT
    'SIGN_OFF',
    count(*) FILTER (WHERE NOT is_agreed),
    count(*)
FROM sign_off
UNION ALL
SELECT
    'TABLETS_OUT',
    count(*) FILTER (
        WHERE COALESCE(device.returned_on, device.lost_on) IS NULL
        AND COALESCE(device.issued_on <= timezone(round.zone, timezone('UTC', build.seen_at))::DATE, TRUE)
    ),
    count(*)
FROM device
CROSS JOIN round
CROSS JOIN build
UNION ALL
-- A bundle has landed with the custody record it came with: nothing mends it, and the closing sees it still.
SELECT
    'CUSTODY_FAULT',
    count(*) FILTER (WHERE regexp_matches(array_to_string(problems, ' '), 'CUSTODY')),
    count(*)
FROM batch
WHERE route = 'tablet_usb'
UNION ALL
-- nor who carried it
SELECT
    'MEDIUM_NOT_OURS',
    count(*) FILTER (
        WHERE NOT regexp_matches(array_to_string(batch.problems, ' '), 'NO_CUSTODY|CUSTODY_UNREADABLE')
        AND COALESCE(batch.custody_employee_id <> employee.employee_id, TRUE)
    ),
    count(*)
FROM batch
LEFT JOIN medium USING (medium_id)
LEFT JOIN employee USING (employee_id)
WHERE batch.route = 'tablet_usb'
UNION ALL
-- Nor does a tablet whose key is revoked export again: whom it alone had is to be asked again.
SELECT
    'BUNDLE_KEY_REVOKED',
    (
        SELECT count(*)
        FROM unproven_bundle
        WHERE is_key_revoked
    ),
    count(*)
FROM batch
WHERE route IN ('tablet_vpn', 'tablet_usb')
UNION ALL
SELECT
    'MEDIA_OUT',
    (
        SELECT count(*)
        FROM medium_out
    ),
    count(*)
FROM medium
WHERE copied_on IS NOT NULL
UNION ALL
SELECT
    'MEDIA_WIPED',
    count(*) FILTER (WHERE wiped_on IS NULL),
    count(*)
FROM medium
UNION ALL
SELECT
    'LATE_USB',
    count(*) FILTER (WHERE batch.received_at > ends.ends_at),
    count(*)
FROM batch
CROSS JOIN (SELECT max(ends_at) AS ends_at FROM round_window) AS ends
WHERE batch.route = 'tablet_usb'
UNION ALL
-- the discrepancy begins weeks after the closing: until a control walk can be used, that none is missed says nothing
SELECT
    'VERIFICATION',
    fault.fault_count,
    fault.fault_count + walk.walk_count
FROM (SELECT count(*) AS fault_count FROM discrepancy WHERE kind LIKE 'VERIFICATION_%') AS fault
CROSS JOIN (SELECT count(*) AS walk_count FROM verification WHERE source_kind = 'CONTROL_WALK' AND status = 'USED') AS walk
UNION ALL
SELECT
    'FORWARDED',
    count(*),
    count(*)
FROM forwarded
UNION ALL
SELECT
    'QUESTIONS',
    (
        SELECT count(*)
        FROM discrepancy
        WHERE subject_kind = 'question'
    ),
    count(DISTINCT variable)
FROM item_nonresponse
UNION ALL
SELECT
    'AGES_GUESSED',
    (
        SELECT count(DISTINCT subject_id)
        FROM discrepancy
        WHERE subject_kind = 'group'
    ),
    count(DISTINCT publication_group)
FROM age_heaping
ORDER BY check_id
