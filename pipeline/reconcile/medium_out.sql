-- Media that were written by their act and of which nothing has been loaded in time: what lies on them is in no count (R17, R19).
-- A bundle that had come before lands no second time, and only its receipt knows the medium.
WITH heard AS (
    SELECT
        medium_id,
        COALESCE(copied_at, received_at) AS heard_at
    FROM batch
    WHERE route = 'tablet_usb'
    UNION ALL
    SELECT
        medium_id,
        timezone('UTC', heard_at::TIMESTAMPTZ) AS heard_at
    FROM medium_again
),

written AS (
    SELECT
        medium.medium_id,
        medium.act_case_count,
        date_diff('hour', timezone('UTC', timezone(round.zone, (medium.copied_on + 1)::TIMESTAMP)), build.seen_at) AS out_hours,
        COALESCE(bool_or(timezone(round.zone, timezone('UTC', heard.heard_at))::DATE >= medium.copied_on), FALSE) AS is_loaded
    FROM medium
    LEFT JOIN heard USING (medium_id)
    CROSS JOIN round
    CROSS JOIN build
    WHERE medium.copied_on <= timezone(round.zone, timezone('UTC', build.seen_at))::DATE
    GROUP BY ALL
)

SELECT
    written.medium_id,
    written.act_case_count,
    written.out_hours
FROM written
JOIN threshold ON threshold.alert_id = 'medium_not_loaded' AND written.out_hours >= TRY_CAST(threshold.amber AS INTEGER)
WHERE NOT written.is_loaded
ORDER BY written.medium_id
