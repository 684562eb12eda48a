-- Every case of 72 hours ago looked for in the Census Database, once anything has come from there; a draft is not filled yet.
WITH found AS (
    SELECT DISTINCT case_id
    FROM record
    WHERE route = 'census_db' AND case_id IS NOT NULL
)

SELECT
    record.route,
    record.case_id,
    min(record.received_at) AS received_at,
    min(record.record_id) AS record_id,
    record.case_id IN (FROM found) AS is_found
FROM record
CROSS JOIN build
WHERE record.route IN ('portal', 'tablet_vpn', 'tablet_usb')
AND record.case_id IS NOT NULL
AND record.case_status IS DISTINCT FROM 'draft'
AND record.received_at <= build.as_of - INTERVAL 72 HOUR
AND EXISTS (FROM batch WHERE route = 'census_db')
GROUP BY record.route, record.case_id
