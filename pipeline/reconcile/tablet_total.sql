-- How many tablets and media there are, how many are still out, and how long what comes by VPN takes: 95 of 100 cases are marked as sent,
-- and are here after that, within so many hours.
SELECT
    (SELECT count(*) FROM device) AS device_count,
    (SELECT count(*) FROM device WHERE returned_on IS NULL) AS device_out_count,
    (SELECT count(*) FROM medium) AS medium_count,
    (SELECT count(*) FROM medium WHERE wiped_on IS NULL) AS medium_not_wiped_count,
    (SELECT count(*) FROM medium_out) AS medium_out_count,
    (SELECT COALESCE(sum(act_case_count), 0) FROM medium_out) AS medium_out_case_count,
    (SELECT count(*) FROM batch WHERE route = 'tablet_usb') AS usb_batch_count,
    (
        SELECT quantile_disc(date_diff('minute', completed_at, synced_at), 0.95) // 60
        FROM record
        WHERE route = 'tablet_vpn'
    ) AS vpn_sync_hours,
    (
        SELECT quantile_disc(date_diff('minute', synced_at, received_at), 0.95) // 60
        FROM record
        WHERE route = 'tablet_vpn'
    ) AS vpn_receipt_hours
