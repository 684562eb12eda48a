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
        key_signature,
        is_in_force,
        min(revoked_on) OVER (PARTITION BY device_id, public_key, is_in_force) AS revoked_on,
        received_at,
        batch_id
    FROM said
    QUALIFY row_number() OVER (
        PARTITION BY device_id, public_key ORDER BY is_in_force DESC, received_at DESC, batch_id DESC, record_no DESC
    ) = 1
),

register AS (
    SELECT DISTINCT CAST(received_at AS TIMESTAMPTZ) AS received_at
    FROM office_state
    WHERE kind = 'institution' AND state IN ('in_force', 'replaced')
),

replaced AS (
    SELECT
        device_key.device_id,
        device_key.public_key,
        min(register.received_at) AS replaced_at
    FROM device_key
    JOIN register ON register.received_at > device_key.received_at
    WHERE NOT device_key.is_in_force
    GROUP BY device_key.device_id, device_key.public_key
)

SELECT
    device_key.device_id,
    device_key.public_key,
    device_key.key_signature,
    device_key.revoked_on,
    replaced.replaced_at,
    device_key.batch_id
FROM device_key
LEFT JOIN replaced USING (device_id, public_key)
