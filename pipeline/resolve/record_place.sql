-- The institution a record is for: the one written, unless register and papers agree that it is another.
WITH papers AS (
    SELECT
        record_no,
        institution_id,
        max(points) AS points
    FROM record_document
    GROUP BY record_no, institution_id
),

evidence AS (
    SELECT
        record_key.no,
        record_key.written_id,
        record_key.is_written_known,
        record_key.staff_institution_id AS staff_id,
        record_key.device_institution_id AS device_id,
        at_written.points AS written_points,
        at_staff.points AS staff_points,
        at_device.points AS device_points
    FROM record_key
    LEFT JOIN papers AS at_written
        ON record_key.no = at_written.record_no AND record_key.written_id = at_written.institution_id
    LEFT JOIN papers AS at_staff
        ON record_key.no = at_staff.record_no AND record_key.staff_institution_id = at_staff.institution_id
    LEFT JOIN papers AS at_device
        ON record_key.no = at_device.record_no AND record_key.device_institution_id = at_device.institution_id
),

judged AS (
    SELECT
        no,
        written_id,
        CASE
            WHEN NOT is_written_known AND staff_id IS NOT NULL
                THEN CASE WHEN device_points > COALESCE(staff_points, 0) THEN device_id ELSE staff_id END
            WHEN NOT is_written_known AND device_id IS NOT NULL THEN device_id
            WHEN written_id = staff_id THEN written_id  -- a tablet used elsewhere is a swapped tablet
            WHEN staff_id = device_id THEN staff_id
            WHEN written_id = device_id OR device_id IS NULL
                THEN CASE WHEN written_points IS NULL AND staff_points IS NOT NULL THEN staff_id ELSE written_id END
            WHEN staff_id IS NOT NULL AND written_points IS NULL THEN staff_id
            WHEN staff_id IS NULL AND written_points IS NULL AND device_points IS NOT NULL THEN device_id
            ELSE written_id
        END AS institution_id
    FROM evidence
)

SELECT
    no,
    institution_id,
    CASE
        WHEN institution_id IS NOT DISTINCT FROM written_id THEN NULL
        WHEN written_id IS NULL THEN 'NOT_WRITTEN'
        ELSE 'WRITTEN_DISAGREES'
    END AS relocation_reason
FROM judged
