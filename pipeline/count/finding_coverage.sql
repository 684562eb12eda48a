-- What the counts say about an institution.
WITH clock AS (
    SELECT
        build.as_of,
        build.seen_at,
        timezone(round.zone, timezone('UTC', build.seen_at))::DATE AS today_on
    FROM build
    CROSS JOIN round
),

first_heard AS (
    SELECT
        institution_id,
        min(received_at) AS first_received_at
    FROM record_state
    GROUP BY institution_id
),

tally AS (
    SELECT
        coverage_institution.*,
        expected.reason AS expected_reason,
        first_heard.first_received_at,
        -- by itself, or of its people by another who sent their records
        coverage_institution.last_received_at IS NOT NULL
        OR coverage_institution.present_count > 0 AS is_heard_of,
        abs(coverage_institution.present_difference_count) AS difference_count
    FROM coverage_institution
    LEFT JOIN expected USING (institution_id)
    LEFT JOIN first_heard USING (institution_id)
    WHERE coverage_institution.is_active
),

-- People are asked on tablets, where a site does not answer online only; while it cannot be asked, it is not silent.
asked AS (
    SELECT
        round_window.mode <> 'tablet' AS is_web_only,
        min(round_window.starts_at) AS starts_at
    FROM round_window
    CROSS JOIN build
    WHERE build.as_of >= round_window.starts_at AND build.as_of < round_window.ends_at
    GROUP BY ALL
),

-- Where nothing ever came and nobody is counted, that is said.
silent AS (
    SELECT
        tally.institution_id,
        awaited.person_count,
        greatest(tally.last_received_at, asked.starts_at) AS heard_at
    FROM tally
    JOIN asked USING (is_web_only)
    JOIN awaited USING (institution_id)
    WHERE tally.is_heard_of
),

oldest AS (
    SELECT
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        count(*) AS held_count,
        min(record_state.received_at) AS since_at
    FROM record_state
    LEFT JOIN institution USING (institution_id)
    WHERE record_state.state = 'quarantined' AND record_state.is_settled IS NOT TRUE
    GROUP BY ALL
),

-- One more than expected since the first who is one too many came.
one_too_many AS (
    SELECT
        tally.institution_id,
        person.received_at
    FROM tally
    JOIN person ON tally.institution_id = person.present_institution_id
    WHERE tally.present_difference_count > 0
    QUALIFY
        row_number() OVER (PARTITION BY tally.institution_id ORDER BY person.received_at, person.person_id)
        = tally.expected_present_count + 1
),

-- One number on many people; only the numbers that stand twice are looked at.
holder AS (
    SELECT
        respondent.iin,
        person_record.person_id,
        min(record_state.received_at) AS received_at
    FROM respondent
    JOIN person_record USING (record_id)
    JOIN record_state USING (record_id)
    WHERE respondent.iin IN (
        SELECT iin
        FROM respondent
        WHERE iin IS NOT NULL
        GROUP BY iin
        HAVING count(*) > 1
    )
    GROUP BY respondent.iin, person_record.person_id
),

-- Shared since the second person came with it.
shared AS (
    SELECT
        iin,
        count(*) AS person_count,
        min(received_at, 2)[2] AS since_at
    FROM holder
    GROUP BY iin
    HAVING count(*) > 1
),

shared_at AS (
    SELECT
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        max(shared.person_count) AS measured,
        count(DISTINCT person_record.person_id) AS person_count,
        min(greatest(record_state.received_at, shared.since_at)) AS since_at
    FROM respondent
    JOIN shared USING (iin)
    JOIN person_record USING (record_id)
    JOIN record_state USING (record_id)
    LEFT JOIN institution ON respondent.institution_id = institution.institution_id
    GROUP BY institution.institution_id
),

-- Proxies against the category's own baseline; a share among fewer than ten people says nothing.
proxied AS (
    SELECT
        institution_id,
        low_rate,
        high_rate,
        count(*) AS person_count,
        count(*) FILTER (WHERE is_proxy) AS proxy_count,
        min(received_at) AS since_at
    FROM askable
    WHERE low_rate IS NOT NULL
    GROUP BY ALL
    HAVING count(*) >= 10
),

proxy_share AS (
    SELECT
        *,
        proxy_count / NULLIF(person_count, 0) AS proxy_rate
    FROM proxied
),

finding AS (
    SELECT
        CASE WHEN is_web_only THEN 'NOTHING_RECEIVED_WEB' ELSE 'NOTHING_RECEIVED' END AS kind,
        institution_id,
        strftime(today_on, '%Y%m%d')::DECIMAL(18, 4) AS measured,
        expected_present_count AS person_count
    FROM tally
    CROSS JOIN clock
    WHERE is_zero_return
    UNION ALL BY NAME
    SELECT
        'INSTITUTION_SILENT' AS kind,
        silent.institution_id,
        timezone(round.zone, timezone('UTC', clock.as_of))::DATE - timezone(round.zone, timezone('UTC', silent.heard_at))::DATE AS measured,
        silent.person_count,
        silent.heard_at AS since_at
    FROM silent
    CROSS JOIN clock
    CROSS JOIN round
    UNION ALL BY NAME
    SELECT
        'EXPECTED_NOT_FIRM' AS kind,
        institution_id,
        strftime(today_on, '%Y%m%d')::DECIMAL(18, 4) AS measured,
        COALESCE(expected_present_count, list_count) AS person_count
    FROM tally
    CROSS JOIN clock
    WHERE grade <> 'FIRM' AND expected_reason IS DISTINCT FROM 'STREET_PATROL'
    UNION ALL BY NAME
    SELECT
        CASE WHEN tally.present_difference_count > 0 THEN 'COUNT_OVER' ELSE 'COUNT_SHORT' END AS kind,
        tally.institution_id,
        tally.difference_count AS measured,
        tally.expected_present_count AS base_count,
        tally.difference_count AS person_count,
        COALESCE(one_too_many.received_at, tally.first_received_at) AS since_at
    FROM tally
    LEFT JOIN one_too_many USING (institution_id)
    WHERE tally.difference_count > 0 AND tally.is_heard_of
    UNION ALL BY NAME
    -- whoever was on the list of a site that is closed by now is missed like anybody
    SELECT
        'OMISSION' AS kind,
        coverage_institution.institution_id,
        coverage_institution.omission_rate AS measured,
        coverage_institution.no_outcome_count AS person_count,
        first_heard.first_received_at AS since_at
    FROM coverage_institution
    LEFT JOIN first_heard USING (institution_id)
    WHERE coverage_institution.no_outcome_count > 0
    UNION ALL BY NAME
    SELECT
        'DUPLICATES' AS kind,
        institution_id,
        duplicate_rate AS measured,
        duplicate_count AS person_count,
        first_received_at AS since_at
    FROM tally
    WHERE duplicate_count > 0
    UNION ALL BY NAME
    SELECT
        'IIN_SHARED' AS kind,
        institution_id,
        measured,
        person_count,
        since_at
    FROM shared_at
    UNION ALL BY NAME
    SELECT
        'PROXY_UNUSUAL' AS kind,
        institution_id,
        greatest(low_rate - proxy_rate, proxy_rate - high_rate) AS measured,
        person_count,
        since_at
    FROM proxy_share
    UNION ALL BY NAME
    SELECT
        'QUARANTINE_SHARE' AS kind,
        institution_id,
        oldest.held_count / NULLIF(tally.record_count, 0) AS measured,
        oldest.held_count AS person_count,
        oldest.since_at
    FROM tally
    JOIN oldest USING (institution_id)
    UNION ALL BY NAME
    SELECT
        'QUARANTINE_AGE' AS kind,
        institution_id,
        date_diff('hour', oldest.since_at, clock.seen_at) AS measured,
        oldest.held_count AS person_count,
        oldest.since_at
    FROM oldest
    CROSS JOIN clock
)

SELECT
    *,
    'institution' AS subject_kind,
    institution_id AS subject_id
FROM finding
