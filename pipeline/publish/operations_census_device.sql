-- Custody of the tablets: R10.
SELECT * EXCLUDE (batch_id)
FROM device
