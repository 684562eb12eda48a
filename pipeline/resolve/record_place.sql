-- Records whose institution is not the one written, because register and papers agree that it is another.
WITH doubted AS (
    SELECT
        no,
        written_id,
        is_written_known,
        staff_institution_id AS staff_id,
        device_institution_id AS device_id
    FROM current_record
    WHERE NOT is_written_known
    -- a tablet used elsewhere is a swapped tablet: who is there says where
    OR (written_id <> staff_institution_id)
    OR (staff_institution_id IS NULL AND written_id <> device_institution_id)
),

papers AS (
    SELECT
        record_document.record_no,
        record_document.institution_id,
        max(record_document.points) AS points
    FROM record_document
    SEMI JOIN doubted ON record_document.record_no = doubted.no
    GROUP BY record_document.record_no, record_document.institution_id
),

evidence AS (
    SELECT
        doubted.*,
        at_written.points AS written_points,
        at_staff.points AS staff_points,
        at_device.points AS device_points
    FROM doubted
    LEFT JOIN papers AS at_written ON doubted.no = at_written.record_no AND doubted.written_id = at_written.institution_id
    LEFT JOIN papers AS at_staff ON doubted.no = at_staff.record_no AND doubted.staff_id = at_staff.institution_id
    LEFT JOIN papers AS at_device ON doubted.no = at_device.record_no AND doubted.device_id = at_device.institution_id
),

judged AS (
    SELECT
        no,
        written_id,
        CASE
            WHEN NOT is_written_known AND staff_id IS NOT NULL
                THEN CASE WHEN device_points > COALESCE(staff_points, 0) THEN device_id ELSE staff_id END
            WHEN NOT is_written_known THEN COALESCE(device_id, written_id)
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
    CASE WHEN written_id IS NULL THEN 'NOT_WRITTEN' ELSE 'WRITTEN_DISAGREES' END AS relocation_reason
FROM judged
WHERE institution_id IS DISTINCT FROM written_id
