-- Custody of the tablets: R10.
SELECT * EXCLUDE (batch_id, public_key, key_signature)
FROM device
