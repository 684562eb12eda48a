-- How every account interviews: pace, overlaps, nights, the same answers again and again, and for how many others answered.
WITH longest AS (
    SELECT
        institution_id,
        mode,
        staff_id,
        max(form_count) AS identical_run_count
    FROM form_run
    GROUP BY ALL
),

workday AS (
    SELECT
        institution_id,
        mode,
        staff_id,
        count(*) AS form_count
    FROM form
    WHERE account_id IS NOT NULL AND begun_local_at IS NOT NULL
    GROUP BY institution_id, mode, staff_id, account_id, begun_local_at::DATE
),

busiest AS (
    SELECT
        institution_id,
        mode,
        staff_id,
        count(*) AS workday_count,
        max(form_count) AS busiest_day_count
    FROM workday
    GROUP BY ALL
),

worked AS (
    SELECT
        form.institution_id,
        form.mode,
        form.staff_id,
        count(*) AS form_count,
        quantile_disc(form.seconds, 0.5) // 60 AS minutes_p50,
        count(form.begun_local_at) AS clocked_count,
        count(*) FILTER (WHERE hour(form.begun_local_at) NOT BETWEEN 6 AND 22) AS night_count,
        count(*) FILTER (WHERE form.account_id IS NOT NULL AND form.is_overlapping) AS overlap_count,
        count(own_account.record_id) AS own_account_count,
        count(askable.record_id) AS askable_count,
        count(*) FILTER (WHERE askable.is_proxy) AS proxy_count,
        count(*) FILTER (WHERE askable.is_proxy AND form.is_from_administration) AS administration_count
    FROM form
    LEFT JOIN own_account USING (record_id)
    LEFT JOIN askable USING (record_id)
    GROUP BY ALL
)

SELECT
    worked.* EXCLUDE (askable_count, proxy_count, administration_count),
    COALESCE(busiest.workday_count, 0) AS workday_count,
    COALESCE(busiest.busiest_day_count, 0) AS busiest_day_count,
    COALESCE(longest.identical_run_count, 1) AS identical_run_count,
    worked.askable_count,
    worked.proxy_count,
    worked.administration_count,
    worked.proxy_count / NULLIF(worked.askable_count, 0) AS proxy_rate,
    worked.administration_count / NULLIF(worked.askable_count, 0) AS administration_rate,
    proxy_baseline.low_rate AS proxy_low_rate,
    proxy_baseline.high_rate AS proxy_high_rate
FROM worked
LEFT JOIN busiest USING (institution_id, mode, staff_id)
LEFT JOIN longest USING (institution_id, mode, staff_id)
LEFT JOIN institution USING (institution_id)
LEFT JOIN proxy_baseline USING (category_code)
