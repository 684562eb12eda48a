-- How many tablets and media there are, how many are still out, and how long what comes by VPN takes: 95 of 100 cases are marked as sent,
-- and are here after that, within so many hours.
WITH device_out AS (
    SELECT device.device_id
    FROM device
    CROSS JOIN round
    CROSS JOIN build
    WHERE COALESCE(device.returned_on, device.lost_on) IS NULL
    AND COALESCE(device.issued_on <= timezone(round.zone, timezone('UTC', build.seen_at))::DATE, TRUE)
),

sent AS (
    SELECT
        date_diff('minute', record.completed_at, record.synced_at) AS sync_minutes,
        date_diff('minute', record.synced_at, record.received_at) AS transfer_minutes
    FROM record
    CROSS JOIN round
    WHERE record.route = 'tablet_vpn' AND record.completed_at >= round.census_moment_at  -- a clock before the moment tells no time
)

SELECT
    (SELECT count(*) FROM device) AS device_count,
    (SELECT count(*) FROM device_out) AS device_out_count,
    (SELECT count(*) FROM medium) AS medium_count,
    (SELECT count(*) FROM medium WHERE wiped_on IS NULL) AS medium_not_wiped_count,
    (SELECT count(*) FROM medium_out) AS medium_out_count,
    (SELECT COALESCE(sum(act_case_count), 0) FROM medium_out) AS medium_out_case_count,
    (SELECT count(*) FROM batch WHERE route = 'tablet_usb') AS usb_batch_count,
    (SELECT quantile_disc(sync_minutes, 0.95) // 60 FROM sent) AS vpn_sync_hours,
    (SELECT quantile_disc(transfer_minutes, 0.95) // 60 FROM sent) AS vpn_receipt_hours
