-- How people answered. Mode is not route: one case of a mode may arrive by two routes, and is then repeated.
WITH received AS (
    SELECT
        COALESCE(known_mode(record.mode), 'UNKNOWN') AS mode,
        count(*) AS record_count,
        count(*) FILTER (WHERE record_state.state IN ('counted', 'duplicate', 'out_of_scope')) AS case_count,
        count(*) FILTER (WHERE record_state.state = 'quarantined' AND record_state.is_settled IS NOT TRUE) AS quarantined_count,
        count(*) FILTER (WHERE record_state.state = 'duplicate') AS duplicate_count,
        count(*) FILTER (WHERE record_state.state = 'out_of_scope') AS out_of_scope_count,
        -- a form cannot take less than no time nor more than a day: such clocks say nothing about work
        quantile_disc(date_diff('second', record.started_at, record.completed_at), 0.5) FILTER (
            WHERE date_diff('second', record.started_at, record.completed_at) BETWEEN 0 AND 86400
        ) // 60 AS form_p50_minutes
    FROM record
    JOIN record_state USING (record_id)
    GROUP BY ALL
),

counted AS (
    SELECT
        COALESCE(mode, 'UNKNOWN') AS mode,
        count(*) AS person_count,
        count(*) FILTER (WHERE basis = 'usual_here') AS usual_count,
        count(present_institution_id) AS present_count,
        count(*) FILTER (WHERE is_proxy) AS proxy_count,
        count(*) FILTER (WHERE NOT has_iin) AS iin_missing_count
    FROM person
    GROUP BY ALL
)

SELECT
    received.mode,
    received.record_count,
    received.case_count,
    received.quarantined_count,
    received.duplicate_count,
    received.out_of_scope_count,
    COALESCE(counted.person_count, 0) AS person_count,
    COALESCE(counted.usual_count, 0) AS usual_count,
    COALESCE(counted.present_count, 0) AS present_count,
    COALESCE(counted.proxy_count, 0) AS proxy_count,
    COALESCE(counted.iin_missing_count, 0) AS iin_missing_count,
    received.form_p50_minutes,
    received.duplicate_count / NULLIF(received.case_count, 0) AS duplicate_rate,
    counted.proxy_count / NULLIF(counted.person_count, 0) AS proxy_rate,
    counted.iin_missing_count / NULLIF(counted.person_count, 0) AS iin_missing_rate,
    COALESCE(counted.person_count, 0) / NULLIF(sum(counted.person_count) OVER (), 0) AS person_rate
FROM received
LEFT JOIN counted USING (mode)
