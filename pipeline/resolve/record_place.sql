-- Records whose institution is not the one written: register and papers agree that it is another; or the person is said to have been
-- there at the moment, and by the book of either end was brought there later, from another institution; or only said, and by the book
-- of another institution was there.
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
            WHEN staff_id = device_id
                THEN CASE WHEN written_points > COALESCE(staff_points, 0) THEN written_id ELSE staff_id END
            WHEN written_id = device_id
                THEN CASE WHEN written_points IS NULL AND staff_points IS NOT NULL THEN staff_id ELSE written_id END
            -- the head of an institution appoints staff for its own people, and no paper says that this is one of another
            WHEN staff_id IS NOT NULL AND written_points IS NULL THEN staff_id
            WHEN staff_id IS NULL AND written_points IS NULL AND device_points IS NOT NULL THEN device_id
            ELSE written_id
        END AS institution_id
    FROM evidence
),

-- Whoever says "I was here at the moment". Compared with papers only: another's word, or none, does not move anybody.
claimed AS (
    SELECT
        record.no,
        record.written_id,
        record.residence_status = 'TEMP_PRESENT' AND record.stay_from_on IS NULL AS is_mere_word,
        COALESCE(judged.institution_id, record.written_id) AS institution_id
    FROM current_record AS record
    LEFT JOIN judged USING (no)
    CROSS JOIN round
    WHERE record.residence_status IN ('USUAL_PRESENT', 'TEMP_PRESENT')
    AND COALESCE(record.stay_from_on <= round.moment_on, TRUE)
),

-- What the books say of a person at an institution; a transfer is in the books of both ends.
step AS (
    SELECT
        record_document.record_no,
        record_document.points,
        document_key.*
    FROM record_document
    JOIN document_key ON record_document.document_no = document_key.no
    WHERE NOT record_document.is_entry AND record_document.is_sure AND document_key.movement_type <> 'DEATH'
),

step_of AS (
    SELECT *, NULL AS from_id FROM step WHERE movement_type <> 'TRANSFER_IN'
    UNION ALL BY NAME
    SELECT *, other_institution_id AS from_id FROM step WHERE movement_type = 'TRANSFER_IN'
    UNION ALL BY NAME
    SELECT
        * REPLACE (other_institution_id AS institution_id, 'TRANSFER_IN' AS movement_type),
        institution_id AS from_id
    FROM step
    WHERE movement_type = 'TRANSFER_OUT' AND other_institution_id <> institution_id
),

last_before AS (
    SELECT *
    FROM step_of
    WHERE is_before
    QUALIFY row_number() OVER (
        PARTITION BY record_no, institution_id ORDER BY occurred_on DESC, occurred_at DESC NULLS LAST, points DESC, no DESC
    ) = 1
),

first_after AS (
    SELECT *
    FROM step_of
    WHERE NOT is_before
    QUALIFY row_number() OVER (
        PARTITION BY record_no, institution_id ORDER BY occurred_on, occurred_at NULLS LAST, points DESC, no
    ) = 1
),

-- Where the other end says that the person had left before, nobody knows better than the one who claims the person.
came_later AS (
    SELECT
        claimed.no,
        first_after.from_id
    FROM claimed
    JOIN first_after ON claimed.no = first_after.record_no AND claimed.institution_id = first_after.institution_id
    SEMI JOIN institution ON first_after.from_id = institution.institution_id
    LEFT JOIN last_before AS here
        ON claimed.no = here.record_no AND claimed.institution_id = here.institution_id
    LEFT JOIN last_before AS there
        ON claimed.no = there.record_no AND first_after.from_id = there.institution_id
    WHERE COALESCE(here.movement_type IN ('DISCHARGE', 'TRANSFER_OUT'), TRUE)
    AND COALESCE(there.movement_type NOT IN ('DISCHARGE', 'TRANSFER_OUT'), TRUE)
),

-- Whom an institution that keeps a book had that night by its list and book: taken in, or listed, and not let go.
bookkeeper AS (
    SELECT DISTINCT institution_id FROM document_key WHERE NOT is_entry
),

held AS (
    SELECT
        record_no,
        institution_id,
        movement_type NOT IN ('DISCHARGE', 'TRANSFER_OUT', 'LEAVE') AS is_held
    FROM last_before
    UNION ALL
    SELECT DISTINCT
        record_document.record_no,
        record_document.institution_id,
        TRUE AS is_held
    FROM record_document
    SEMI JOIN bookkeeper USING (institution_id)
    ANTI JOIN last_before USING (record_no, institution_id)
    WHERE record_document.is_entry AND record_document.is_sure
),

-- No date, and no paper of the place, only the word "here for a while"; and one other institution had the person that night.
kept_elsewhere AS (
    SELECT
        claimed.no,
        min(held.institution_id) AS institution_id
    FROM claimed
    JOIN held ON claimed.no = held.record_no
    ANTI JOIN record_document
        ON claimed.no = record_document.record_no AND claimed.institution_id = record_document.institution_id
    WHERE claimed.is_mere_word
    GROUP BY claimed.no
    HAVING count(*) = 1 AND bool_and(held.is_held)
)

SELECT
    no,
    institution_id,
    CASE WHEN written_id IS NULL THEN 'NOT_WRITTEN' ELSE 'WRITTEN_DISAGREES' END AS relocation_reason
FROM judged
ANTI JOIN came_later USING (no)
ANTI JOIN kept_elsewhere USING (no)
WHERE institution_id IS DISTINCT FROM written_id
UNION ALL
SELECT
    no,
    from_id AS institution_id,
    'CAME_LATER' AS relocation_reason
FROM came_later
UNION ALL
SELECT
    no,
    institution_id,
    'KEPT_ELSEWHERE' AS relocation_reason
FROM kept_elsewhere
ANTI JOIN came_later USING (no)
