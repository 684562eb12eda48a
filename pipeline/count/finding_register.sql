-- What is not ready, by the register and the lists alone (method 7, before the field).
WITH site AS (
    SELECT
        institution.*,
        residence_rule.pattern,
        round.governing_order AS round_order
    FROM institution
    LEFT JOIN residence_rule USING (category_code)
    CROSS JOIN round
    WHERE institution.closed_on IS NULL OR institution.closed_on > round.moment_on
),

opened AS (
    SELECT
        min(starts_at) AS opened_at,
        max(ends_at) AS closed_at
    FROM round_window
),

-- Days are local ones. When the last window has closed, nobody needs room, tablet or seminar.
clock AS (
    SELECT
        round.zone,
        build.seen_at >= opened.closed_at AS is_over,
        timezone(round.zone, timezone('UTC', opened.opened_at))::DATE AS opened_on,
        timezone(round.zone, timezone('UTC', round.tablet_start_at))::DATE AS tablets_on,
        timezone(round.zone, timezone('UTC', build.seen_at))::DATE AS today_on
    FROM opened
    CROSS JOIN build
    CROSS JOIN round
),

twice AS (
    SELECT
        bin,
        site_no,
        count(*) AS site_count,
        count(DISTINCT governing_order) AS order_count
    FROM site
    WHERE bin IS NOT NULL
    GROUP BY bin, site_no
    HAVING count(*) > 1
),

trained AS (
    SELECT
        institution_id,
        count(*) FILTER (WHERE trained_on IS NOT NULL) AS trained_count
    FROM staff
    GROUP BY institution_id
),

room AS (
    SELECT
        institution_id,
        bool_or(has_room) AS has_room,
        max(computer_count) AS computer_count,
        bool_or(has_internet) AS has_internet
    FROM premises
    GROUP BY institution_id
),

tablets AS (
    SELECT
        institution_id,
        count(*) FILTER (WHERE lost_on IS NULL) AS tablet_count,
        max(lost_on) AS lost_on
    FROM device
    GROUP BY institution_id
),

-- Who sends forms has found a room and a computer, whatever the register says.
heard AS (
    SELECT institution_id
    FROM coverage_institution
    WHERE record_count > 0
),

lack AS (
    SELECT
        site.institution_id,
        unnest(list_filter([
            CASE WHEN twice.site_count > 1 THEN 'SITE_TWICE' END,
            CASE WHEN twice.order_count > 1 OR regexp_matches(site.governing_order, '[;,]') THEN 'ORDER_TWICE' END,
            CASE WHEN site.governing_order IS NULL THEN 'ORDER_MISSING' END,
            CASE WHEN site.governing_order <> site.round_order AND NOT regexp_matches(site.governing_order, '[;,]')
                THEN 'ORDER_OTHER' END,
            CASE WHEN NOT clock.is_over AND site.head_order_no IS NULL THEN 'HEAD_ORDER_MISSING' END,
            CASE WHEN NOT clock.is_over AND COALESCE(trained.trained_count, 0) = 0 THEN 'STAFF_UNTRAINED' END,
            CASE WHEN NOT clock.is_over AND heard.institution_id IS NULL AND NOT COALESCE(room.has_room, FALSE) THEN 'ROOM_MISSING' END,
            CASE WHEN NOT clock.is_over AND heard.institution_id IS NULL
                AND (COALESCE(room.computer_count, 0) = 0 OR NOT COALESCE(room.has_internet, FALSE)) THEN 'COMPUTER_MISSING' END,
            CASE WHEN NOT clock.is_over AND NOT COALESCE(site.is_web_only, FALSE) AND COALESCE(tablets.tablet_count, 0) = 0
                THEN 'TABLET_MISSING' END,
            CASE WHEN site.pattern IS DISTINCT FROM 'FIRST_CONTACT' AND list.institution_id IS NULL THEN 'LIST_MISSING' END,
            CASE WHEN site.pattern IS DISTINCT FROM 'FIRST_CONTACT' AND headcount.institution_id IS NULL
                THEN 'HEADCOUNT_MISSING' END
        ], lambda kind: kind IS NOT NULL)) AS kind
    FROM site
    LEFT JOIN twice ON site.bin = twice.bin AND site.site_no IS NOT DISTINCT FROM twice.site_no
    LEFT JOIN trained ON site.institution_id = trained.institution_id
    LEFT JOIN room ON site.institution_id = room.institution_id
    LEFT JOIN tablets ON site.institution_id = tablets.institution_id
    LEFT JOIN (SELECT DISTINCT institution_id FROM list) AS list ON site.institution_id = list.institution_id
    LEFT JOIN headcount ON site.institution_id = headcount.institution_id
    LEFT JOIN heard ON site.institution_id = heard.institution_id
    CROSS JOIN clock
),

size AS (
    SELECT
        institution_id,
        COALESCE(expected_present_count, rolled_present_count, 0) AS person_count
    FROM expected
),

-- A tablet in somebody's hands by an act that does not name its whole kit (R10); where no act is written none says anything.
kits AS (
    SELECT
        'KIT_INCOMPLETE' AS kind,
        device.institution_id,
        'tablet' AS subject_kind,
        device.device_id AS subject_id,
        device.issued_on AS arose_on
    FROM device
    JOIN site USING (institution_id)
    CROSS JOIN clock
    WHERE device.issued_on <= clock.today_on AND COALESCE(device.returned_on, device.lost_on) IS NULL AND NOT clock.is_over
    AND NOT (
        COALESCE(device.has_case, FALSE) AND COALESCE(device.has_glass, FALSE) AND COALESCE(device.has_charger, FALSE)
        AND COALESCE(device.has_usb_cable, FALSE) AND COALESCE(device.has_stylus, FALSE) AND COALESCE(device.has_power_bank, FALSE)
    )
),

-- A tablet handed out with a version that nobody approved for any form (R22).
versions AS (
    SELECT
        'TABLET_FORM' AS kind,
        device.institution_id,
        'tablet' AS subject_kind,
        device.device_id AS subject_id
    FROM device
    JOIN site USING (institution_id)
    CROSS JOIN clock
    WHERE COALESCE(device.returned_on, device.lost_on) IS NULL AND NOT clock.is_over
    AND device.form_version NOT IN (SELECT form_version FROM ref_form)
),

lacking AS (
    SELECT
        kind,
        institution_id,
        'institution' AS subject_kind,
        institution_id AS subject_id,
        CASE WHEN lack.kind = 'TABLET_MISSING' THEN tablets.lost_on END AS arose_on
    FROM lack
    LEFT JOIN tablets USING (institution_id)
    UNION ALL BY NAME SELECT * FROM kits
    UNION ALL BY NAME SELECT * FROM versions
),

needed AS (
    SELECT
        lacking.*,
        clock.zone,
        clock.today_on,
        CASE WHEN lacking.kind IN ('TABLET_MISSING', 'TABLET_FORM', 'KIT_INCOMPLETE') THEN clock.tablets_on ELSE clock.opened_on END
            AS needed_on
    FROM lacking
    CROSS JOIN clock
),

-- What the field waits for is counted from the day before the field on which it begins to be missed, so that it is due before the field;
-- tablets are needed when interviews start, headcounts by a day of their own.
readiness AS (
    SELECT
        needed.* EXCLUDE (zone, today_on, needed_on, arose_on),
        CASE needed.kind
            WHEN 'HEADCOUNT_MISSING' THEN strftime(needed.today_on, '%Y%m%d')::DECIMAL(18, 4)
            ELSE needed.today_on - needed.needed_on
        END AS measured,
        CASE WHEN needed.subject_kind = 'tablet' THEN 0 ELSE COALESCE(size.person_count, 0) END AS person_count,
        -- what was lost or handed out later is missing since then
        timezone('UTC', timezone(
            needed.zone, greatest(needed.needed_on + TRY_CAST(threshold.amber AS INTEGER), needed.arose_on)::TIMESTAMP
        )) AS since_at
    FROM needed
    JOIN discrepancy_kind USING (kind)
    LEFT JOIN threshold USING (alert_id)
    LEFT JOIN size USING (institution_id)
),

-- A register that tells of no seminar at all, or has no premises, is one cause and the Department's, not forty sites'.
unsaid AS (
    SELECT
        'STAFF_UNTRAINED' AS kind,
        'SEMINARS_NOT_REGISTERED' AS cause,
        'staff' AS sheet
    WHERE NOT EXISTS (FROM staff WHERE trained_on IS NOT NULL)
    UNION ALL BY NAME
    SELECT
        unnest(['ROOM_MISSING', 'COMPUTER_MISSING']) AS kind,
        'PREMISES_NOT_REGISTERED' AS cause,
        'premises' AS sheet
    WHERE NOT EXISTS (FROM premises)
),

unregistered AS (
    SELECT
        unsaid.cause AS kind,
        'ALL' AS institution_id,
        'register' AS subject_kind,
        unsaid.sheet AS subject_id,
        readiness.measured,
        sum(readiness.person_count)::BIGINT AS person_count,
        readiness.since_at
    FROM readiness
    JOIN unsaid USING (kind)
    WHERE readiness.kind <> 'COMPUTER_MISSING'  -- the sites that have no room
    GROUP BY ALL
),

newest_list AS (
    SELECT
        list.institution_id,
        max(batch.received_at) AS received_at
    FROM list
    JOIN batch USING (batch_id)
    GROUP BY list.institution_id
),

-- Papers that came as a list after the one in force and make none, or that one itself, where rows of it are held.
held AS (
    SELECT
        'LIST_HELD' AS kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        'institution' AS subject_kind,
        COALESCE(institution.institution_id, 'UNKNOWN') AS subject_id,
        count(DISTINCT intake_record.batch_id) AS measured,
        min(intake_record.received_at) AS since_at
    FROM intake_record
    ANTI JOIN intake_discarded USING (record_id)
    LEFT JOIN institution ON intake_record.institution_id = institution.institution_id
    LEFT JOIN newest_list ON intake_record.institution_id = newest_list.institution_id
    WHERE intake_record.route = 'list' AND intake_record.state IN ('quarantined', 'unreadable')
    AND COALESCE(intake_record.received_at >= newest_list.received_at, TRUE)
    GROUP BY institution.institution_id
),

totals AS (
    SELECT
        'LIST_TOTAL_DIFFERS' AS kind,
        list.institution_id,
        'list' AS subject_kind,
        list.list_id AS subject_id,
        abs(list.declared_total - list.entry_count) AS measured,
        abs(list.declared_total - list.entry_count) AS person_count,
        batch.received_at AS since_at
    FROM list
    LEFT JOIN batch USING (batch_id)
    CROSS JOIN clock
    WHERE list.declared_total <> list.entry_count AND NOT clock.is_over
),

doubles AS (
    SELECT
        'LIST_DOUBLES' AS kind,
        list_match.institution_id,
        'institution' AS subject_kind,
        list_match.institution_id AS subject_id,
        count(*) AS measured,
        count(*) AS person_count,
        max(batch.received_at) AS since_at
    FROM list_match
    JOIN list_entry USING (entry_id)
    JOIN list USING (list_id)
    JOIN batch USING (batch_id)
    CROSS JOIN clock
    WHERE list_match.outcome = 'DOUBLE_ENTRY' AND NOT clock.is_over
    GROUP BY list_match.institution_id
),

across AS (
    SELECT
        'LIST_DOUBLES_ACROSS' AS kind,
        list_across.institution_id,
        'institution' AS subject_kind,
        list_across.institution_id AS subject_id,
        list_across.entry_count AS measured,
        list_across.entry_count AS person_count,
        max(batch.received_at) AS since_at
    FROM list_across
    JOIN list USING (institution_id)
    JOIN batch USING (batch_id)
    CROSS JOIN clock
    WHERE NOT clock.is_over
    GROUP BY list_across.institution_id, list_across.entry_count
)

SELECT * FROM readiness ANTI JOIN unsaid USING (kind)
UNION ALL BY NAME SELECT * FROM unregistered
UNION ALL BY NAME SELECT * FROM held
UNION ALL BY NAME SELECT * FROM totals
UNION ALL BY NAME SELECT * FROM doubles
UNION ALL BY NAME SELECT * FROM across
