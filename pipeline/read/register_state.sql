-- Every register row received and what became of it: the newest workbook that names institutions holds whole.
CREATE OR REPLACE TEMP TABLE register_state AS
WITH keyed AS (
    SELECT
        *,
        json_extract_string(cells, 'institution_id') AS institution_id,
        CASE kind
            WHEN 'institution' THEN json_extract_string(cells, 'institution_id')
            WHEN 'staff' THEN json_extract_string(cells, 'staff_id')
            WHEN 'premises' THEN json_extract_string(cells, 'institution_id')
            WHEN 'device' THEN json_extract_string(cells, 'device_id')
            WHEN 'employee' THEN json_extract_string(cells, 'employee_id')
            WHEN 'medium' THEN json_extract_string(cells, 'medium_id')
            WHEN 'certificate' THEN office_number(json_extract_string(cells, 'first_no'))::VARCHAR
            WHEN 'certificate_return' THEN office_number(json_extract_string(cells, 'first_no'))::VARCHAR
        END AS row_key,
        office_number(json_extract_string(cells, 'last_no')) - office_number(json_extract_string(cells, 'first_no')) + 1
            AS range_size
    FROM office_row
    WHERE route = 'register'
),

sound AS (
    SELECT
        *,
        fault IS NULL AND held IS NULL AND office_is_identifier(row_key) AS is_sound
    FROM keyed
),

newest AS (
    SELECT DISTINCT batch_id
    FROM sound
    WHERE kind = 'institution' AND is_sound
    QUALIFY dense_rank() OVER (ORDER BY received_at DESC, batch_id DESC) = 1
),

ranked AS (
    SELECT
        *,
        batch_id IN (FROM newest) AS is_newest,
        -- a tablet goes from hand to hand: each act of issue is a row of its own
        row_number() OVER (
            PARTITION BY
                batch_id, kind, is_sound, row_key, CASE WHEN kind = 'device' THEN office_day(json_extract_string(cells, 'issued_on')) END
            ORDER BY record_no
        ) AS occurrence
    FROM sound
),

known AS (
    SELECT DISTINCT row_key
    FROM ranked
    WHERE is_newest AND kind = 'institution' AND is_sound
),

employed AS (
    SELECT DISTINCT row_key
    FROM ranked
    WHERE is_newest AND kind = 'staff' AND is_sound AND institution_id IN (FROM known)
),

judged AS (
    SELECT
        *,
        CASE
            WHEN kind IN ('staff', 'premises', 'device') AND COALESCE(institution_id, '') NOT IN (FROM known) THEN 'UNKNOWN_INSTITUTION'
            WHEN kind NOT IN ('certificate', 'certificate_return') THEN NULL
            WHEN COALESCE(range_size, 0) < 1 THEN 'BAD_RANGE'
            WHEN COALESCE(json_extract_string(cells, 'staff_id'), '') NOT IN (FROM employed) THEN 'UNKNOWN_STAFF'
            WHEN
                kind = 'certificate_return'
                AND COALESCE(json_extract_string(cells, 'reason_code'), '') NOT IN ('SPOILED', 'RETURNED') THEN 'BAD_REASON'
        END AS problem
    FROM ranked
)

SELECT
    * EXCLUDE (range_size, problem),
    CASE
        WHEN fault IS NOT NULL THEN 'unreadable'
        WHEN NOT is_sound OR occurrence > 1 THEN 'quarantined'
        WHEN NOT is_newest THEN 'replaced'
        WHEN problem IS NOT NULL THEN 'quarantined'
        ELSE 'in_force'
    END AS state,
    CASE
        WHEN fault IS NOT NULL THEN fault
        WHEN held IS NOT NULL THEN held
        WHEN NOT is_sound THEN 'NO_KEY'
        WHEN occurrence > 1 THEN 'DUPLICATE_KEY'
        WHEN NOT is_newest THEN 'NEWER_REGISTER'
        WHEN problem IS NOT NULL THEN problem
        WHEN office_is_set_aside(cells) THEN 'VALUE_SET_ASIDE'
    END AS reason
FROM judged
