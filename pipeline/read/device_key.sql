-- Keys that tablets sign with: of every act in the register in force, and those of earlier registers until the one that no longer had them.
-- Whoever signed with a key that was the tablet's then is not to vanish when the tablet gets another.
WITH said AS (
    SELECT
        json_extract_string(cells, 'device_id') AS device_id,
        json_extract_string(cells, 'public_key') AS public_key,
        json_extract_string(cells, 'key_signature') AS key_signature,
        -- a day that cannot be read is no reason to believe: it holds from the beginning
        office_day_or_ever(json_extract_string(cells, 'key_revoked_on')) AS revoked_on,
        state = 'in_force' AS is_in_force,
        CAST(received_at AS TIMESTAMPTZ) AS received_at,
        batch_id,
        record_no
    FROM office_state
    WHERE kind = 'device' AND state IN ('in_force', 'replaced') AND json_extract_string(cells, 'public_key') IS NOT NULL
),

-- of the rows in force it is enough that one revokes a key; a newer register may say that an earlier one did so by mistake
device_key AS (
    SELECT
        device_id,
        public_key,
        arg_max(key_signature, (received_at, batch_id, record_no)) AS key_signature,
        bool_or(is_in_force) AS is_in_force,
        CASE WHEN bool_or(is_in_force) THEN min(revoked_on) FILTER (WHERE is_in_force) ELSE min(revoked_on) END AS revoked_on,
        max(received_at) AS received_at,
        arg_max(batch_id, (received_at, batch_id, record_no)) AS batch_id
    FROM said
    GROUP BY device_id, public_key
),

register AS (
    SELECT DISTINCT CAST(received_at AS TIMESTAMPTZ) AS received_at
    FROM office_state
    WHERE kind = 'institution' AND state IN ('in_force', 'replaced')
)

SELECT
    device_key.device_id,
    device_key.public_key,
    any_value(device_key.key_signature) AS key_signature,
    any_value(device_key.revoked_on) AS revoked_on,
    CASE WHEN NOT any_value(device_key.is_in_force) THEN min(register.received_at) END AS replaced_at,
    any_value(device_key.batch_id) AS batch_id
FROM device_key
LEFT JOIN register ON register.received_at > device_key.received_at
GROUP BY device_key.device_id, device_key.public_key
