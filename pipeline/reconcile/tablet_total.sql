-- How many tablets and media there are, and how many are still out.
SELECT
    (SELECT count(*) FROM device) AS device_count,
    (SELECT count(*) FROM device WHERE returned_on IS NULL) AS device_out_count,
    (SELECT count(*) FROM medium) AS medium_count,
    (SELECT count(*) FROM medium WHERE wiped_on IS NULL) AS medium_not_wiped_count,
    (SELECT count(*) FROM batch WHERE route = 'tablet_usb') AS usb_batch_count
