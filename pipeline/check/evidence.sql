-- One readable record with everything a rule may read; the columns of its own are described in expectations/rules.yaml.
WITH windows AS (
    SELECT
        mode,
        list({'starts_at': starts_at, 'ends_at': ends_at} ORDER BY starts_at, ends_at) AS intervals
    FROM round_window
    GROUP BY mode
),

moments AS (
    SELECT
        census_moment_at,
        moment_on,
        list_as_of_on,
        tablet_start_at,
        date_diff('minute', census_moment_at, timezone(zone, timezone('UTC', census_moment_at))) AS zone_offset_min
    FROM round
),

places AS (
    SELECT
        institution.institution_id,
        institution.category_code,
        institution.is_web_only,
        institution.closed_on,
        coalesce(residence_rule.pattern = 'SAFE_HOUSE', TRUE) AS may_be_safe_house
    FROM institution
    LEFT JOIN residence_rule ON institution.category_code = residence_rule.category_code
),

held AS (
    SELECT device_id, institution_id, issued_on, returned_on, form_version FROM device
    UNION ALL
    SELECT device_id, institution_id, issued_on, returned_on, form_version FROM device_before
),

custody AS (
    SELECT
        held.device_id,
        bool_or(coalesce(places.may_be_safe_house, held.institution_id IS NOT NULL)) AS may_be_safe_house,
        list({
            'institution_id': held.institution_id,
            'issued_on': coalesce(held.issued_on, DATE '0001-01-01'),
            'returned_on': coalesce(held.returned_on, DATE '9999-12-31'),
            'form_version': held.form_version
        } ORDER BY held.issued_on, held.institution_id) AS holders
    FROM held
    LEFT JOIN places ON held.institution_id = places.institution_id
    GROUP BY held.device_id
),

appointed AS (
    SELECT
        staff.*,
        coalesce(places.may_be_safe_house, staff.institution_id IS NOT NULL) AS may_be_safe_house
    FROM staff
    LEFT JOIN places ON staff.institution_id = places.institution_id
),

issued AS (
    SELECT
        staff_id,
        list({
            'first_no': first_no, 'last_no': last_no, 'issued_on': coalesce(issued_on, DATE '0001-01-01')
        } ORDER BY first_no) AS certificates
    FROM certificate
    GROUP BY staff_id
),

brought_back AS (
    SELECT
        staff_id,
        list({'first_no': first_no, 'last_no': last_no} ORDER BY first_no) AS certificates
    FROM certificate_return
    GROUP BY staff_id
),

exports AS (
    SELECT
        batch.batch_id,
        device.device_id AS exporter_id,
        CAST(coalesce(batch.sent_at, batch.received_at) + to_minutes(moments.zone_offset_min) AS DATE) AS exported_on,
        device.lost_on AS exporter_lost_on,
        device.returned_on AS exporter_returned_on
    FROM batch
    CROSS JOIN moments
    INNER JOIN device ON batch.device_id = device.device_id
),

dated AS (
    SELECT
        record.*,
        CASE WHEN regexp_full_match(certificate_no, '[0-9]{1,10}') THEN TRY_CAST(certificate_no AS BIGINT) END AS certificate_as_number,
        CAST(received_at + INTERVAL 14 HOUR AS DATE) AS received_by_on,
        CAST(started_at + to_minutes(coalesce(started_offset_min, 0)) AS DATE) AS started_on,
        CAST(completed_at + to_minutes(coalesce(completed_offset_min, 0)) AS DATE) AS completed_on
    FROM record
),

people AS (
    SELECT
        identity.*,
        answers.* EXCLUDE (record_id)
    FROM identity
    INNER JOIN answers ON identity.record_id = answers.record_id
),

joined AS (
    SELECT
        dated.*,
        people.* EXCLUDE (record_id),
        moments.*,
        -- a birth date that cannot be true says nothing about the age
        CASE
            WHEN people.birth_on > dated.received_by_on THEN NULL
            WHEN date_sub('year', people.birth_on, moments.moment_on) > 115 THEN NULL
            WHEN coalesce(people.birth_date_precision, 'DAY') IN ('AGE_ONLY', 'UNKNOWN') THEN NULL
            ELSE people.birth_on
        END AS earliest_birth_on,
        CASE WHEN people.age_stated BETWEEN 0 AND 115 THEN people.age_stated END AS possible_age,
        ref_form.form_code IS NOT NULL AS form_is_approved,
        family_placeholder.name IS NOT NULL AS family_name_is_placeholder,
        given_placeholder.name IS NOT NULL AS given_name_is_placeholder,
        places.institution_id IS NOT NULL AS institution_is_known,
        places.category_code AS institution_category_code,
        places.is_web_only AS institution_is_web_only,
        places.closed_on AS institution_closed_on,
        -- the person may be counted at any of them
        coalesce(places.may_be_safe_house, TRUE) OR appointed.may_be_safe_house OR custody.may_be_safe_house AS may_be_safe_house,
        appointed.staff_id IS NOT NULL AS staff_is_known,
        appointed.institution_id AS staff_institution_id,
        appointed.order_no AS staff_order_no,
        appointed.order_on AS staff_order_on,
        appointed.trained_on AS staff_trained_on,
        issued.certificates AS certificates_issued,
        brought_back.certificates AS certificates_brought_back,
        known_certificates.are_known AS are_certificates_known,
        custody.device_id IS NOT NULL AS device_is_known,
        list_filter(
            custody.holders,
            lambda h: dated.completed_on BETWEEN h.issued_on AND h.returned_on
        ) AS holders_then,
        exports.exporter_id,
        exports.exported_on,
        exports.exporter_lost_on,
        exports.exporter_returned_on,
        windows.intervals
    FROM dated
    INNER JOIN people ON dated.record_id = people.record_id
    CROSS JOIN moments
    LEFT JOIN ref_form
        ON dated.form_code = ref_form.form_code AND dated.form_version = ref_form.form_version
    LEFT JOIN places ON dated.institution_id = places.institution_id
    LEFT JOIN appointed ON dated.staff_id = appointed.staff_id
    LEFT JOIN issued ON dated.staff_id = issued.staff_id
    LEFT JOIN brought_back ON dated.staff_id = brought_back.staff_id
    CROSS JOIN (SELECT count(*) > 0 AS are_known FROM certificate) AS known_certificates
    LEFT JOIN exports ON dated.batch_id = exports.batch_id
    LEFT JOIN custody ON dated.device_id = custody.device_id
    LEFT JOIN placeholder AS family_placeholder ON people.family_name = family_placeholder.name
    LEFT JOIN placeholder AS given_placeholder ON people.given_name = given_placeholder.name
    LEFT JOIN windows ON dated.mode = windows.mode
),

aged AS (
    SELECT
        *,
        -- with a year or a month alone the birth date is the earliest possible one
        CASE birth_date_precision
            WHEN 'YEAR' THEN earliest_birth_on + INTERVAL 1 YEAR - INTERVAL 1 DAY
            WHEN 'MONTH' THEN earliest_birth_on + INTERVAL 1 MONTH - INTERVAL 1 DAY
            ELSE earliest_birth_on
        END AS latest_birth_on
    FROM joined
)

SELECT
    * EXCLUDE (
        latest_birth_on, possible_age, holders_then, intervals,
        certificate_as_number, certificates_issued, certificates_brought_back, are_certificates_known
    ),
    CASE WHEN latest_birth_on IS NULL THEN possible_age ELSE greatest(date_sub('year', latest_birth_on, moment_on), 0) END AS age_at_least,
    coalesce(date_sub('year', earliest_birth_on, moment_on), possible_age) AS age_at_most,
    CASE WHEN completed_at IS NOT NULL
        THEN len(list_filter(intervals, lambda w: completed_at >= w.starts_at AND completed_at < w.ends_at)) > 0
    END AS is_in_window,
    len(holders_then) > 0 AS device_is_held,
    CASE WHEN are_certificates_known THEN coalesce(len(list_filter(
        certificates_issued,
        lambda r: certificate_as_number BETWEEN r.first_no AND r.last_no AND coalesce(completed_on, started_on) >= r.issued_on
    )), 0) > 0 END AS certificate_is_issued,
    len(list_filter(
        certificates_brought_back, lambda r: certificate_as_number BETWEEN r.first_no AND r.last_no
    )) > 0 AS certificate_is_void,
    list_contains(list_transform(holders_then, lambda h: h.institution_id), institution_id) AS device_is_held_here,
    holders_then[1].form_version AS device_form_version
FROM aged
