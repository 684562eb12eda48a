-- What tablets count of themselves, beside what came of them.
WITH bundle AS (
    SELECT *
    FROM came
    WHERE is_of_tablet
),

-- The tablet's counters since it was issued: created = received + declared deleted.
tablet AS (
    SELECT
        device_id,
        max(created_count) AS created_count,
        COALESCE(max(deleted_count), 0) AS deleted_count,
        max(last_case_no) AS last_case_no,
        min_by(institution_id, received_at ORDER BY received_at, batch_id) AS institution_id,
        min(received_at) AS first_received_at,
        min_by(batch_id, received_at ORDER BY received_at, batch_id) AS first_batch_id
    FROM bundle
    WHERE device_id IS NOT NULL
    GROUP BY device_id
),

-- Every number that came of a tablet, once, and how many had come up to it.
number AS (
    SELECT
        device_id,
        case_no,
        row_number() OVER (PARTITION BY device_id ORDER BY case_no) AS came_count
    FROM (
        SELECT DISTINCT
            bundle.device_id,
            record.device_case_no AS case_no
        FROM record
        JOIN bundle USING (batch_id)
        WHERE record.device_case_no IS NOT NULL
    )
),

numbered AS (
    SELECT
        device_id,
        max(came_count) AS number_count,
        max(case_no) AS last_case_no
    FROM number
    GROUP BY device_id
),

-- A damaged line that came by two routes is one case; what is no file of a bundle is none.
unread AS (
    SELECT
        bundle.device_id,
        count(DISTINCT record.bytes_sha256) AS unreadable_count
    FROM record
    JOIN bundle USING (batch_id)
    WHERE bundle.seal_fault IS NULL AND record.read_error NOT IN ('UNKNOWN_FILE', 'BAD_MANIFEST')
    GROUP BY bundle.device_id
),

-- Of what was deleted, at least so much had come: of the cases a bundle knows, more were there or deleted than had been begun.
deleted_after AS (
    SELECT
        bundle.device_id,
        greatest(max(bundle.deleted_count + number.came_count - bundle.created_count), 0) AS came_count
    FROM bundle
    ASOF JOIN number ON bundle.device_id = number.device_id AND bundle.last_case_no >= number.case_no
    WHERE bundle.deleted_count > 0
    GROUP BY bundle.device_id
),

counters AS (
    SELECT
        tablet.device_id,
        tablet.first_batch_id,
        tablet.institution_id,
        tablet.created_count,
        greatest(tablet.deleted_count - COALESCE(deleted_after.came_count, 0), 0) AS deleted_count,
        tablet.first_received_at,
        greatest(tablet.last_case_no, numbered.last_case_no) AS last_case_no,
        COALESCE(numbered.number_count, 0) AS number_count,
        COALESCE(unread.unreadable_count, 0) AS unreadable_count
    FROM tablet
    LEFT JOIN numbered USING (device_id)
    LEFT JOIN unread USING (device_id)
    LEFT JOIN deleted_after USING (device_id)
),

-- Of a tablet with fewer numbers than its counter says: what came, with an end before the first number and one behind the last.
-- The counter may say anything, so nothing is made as long as it: of each gap there are as many numbers as are told.
number_here AS (
    SELECT
        device_id,
        unnest([0, last_case_no::BIGINT + 1]) AS case_no
    FROM counters
    WHERE last_case_no > number_count
    UNION
    SELECT
        number.device_id,
        number.case_no
    FROM number
    JOIN counters USING (device_id)
    WHERE counters.last_case_no > counters.number_count AND number.case_no > 0
),

hole AS (
    SELECT
        device_id,
        case_no + 1 AS first_no,
        next_no - 1 AS last_no,
        (sum(next_no - case_no - 1) OVER (PARTITION BY device_id ORDER BY case_no))::BIGINT AS missing_count  -- up to here
    FROM (
        SELECT
            *,
            lead(case_no) OVER (PARTITION BY device_id ORDER BY case_no) AS next_no
        FROM number_here
    )
    WHERE next_no > case_no + 1
),

told_no AS (
    SELECT
        device_id,
        unnest(range(first_no, least(last_no + 1, first_no + 20))) AS case_no
    FROM hole
),

told AS (
    SELECT
        device_id,
        array_to_string(list(case_no ORDER BY case_no)[1:20], ' ') AS missing_numbers
    FROM told_no
    GROUP BY device_id
),

-- As many of them as were deleted are no gap, and any may be: one more must be missing before something surely is.
missing AS (
    SELECT
        hole.device_id,
        COALESCE(
            min(hole.last_no + 1 - (hole.missing_count - counters.deleted_count))
                FILTER (WHERE hole.missing_count > counters.deleted_count),
            max(hole.last_no)
        ) AS surely_missing_no,
        min(told.missing_numbers) AS missing_numbers
    FROM hole
    JOIN counters USING (device_id)
    JOIN told USING (device_id)
    GROUP BY hole.device_id
),

-- The gap is known since the first bundle whose counter had passed that number.
known_since AS (
    SELECT
        missing.device_id,
        min(bundle.received_at) AS since_at
    FROM missing
    JOIN bundle ON missing.device_id = bundle.device_id AND bundle.last_case_no >= missing.surely_missing_no
    GROUP BY missing.device_id
),

-- What cannot be read has arrived all the same: it fills the count, but not the place of a number.
counter_rows AS (
    SELECT
        'TABLET_COUNTER' AS control_code,
        'tablet' AS subject_kind,
        counters.device_id AS subject_id,
        counters.first_batch_id AS subject_key,
        counters.institution_id,
        counters.created_count AS declared_count,
        counters.number_count + counters.deleted_count + least(
            counters.unreadable_count,
            greatest(counters.created_count - counters.number_count - counters.deleted_count, 0)
        ) AS received_count,
        COALESCE(known_since.since_at, counters.first_received_at) AS since_at,
        missing.missing_numbers AS detail
    FROM counters
    LEFT JOIN missing USING (device_id)
    LEFT JOIN known_since USING (device_id)
    WHERE counters.created_count IS NOT NULL
),

number_rows AS (
    SELECT
        'TABLET_NUMBERS' AS control_code,
        'tablet' AS subject_kind,
        counters.device_id AS subject_id,
        counters.first_batch_id AS subject_key,
        counters.institution_id,
        counters.last_case_no AS declared_count,
        counters.number_count + counters.deleted_count AS received_count,
        COALESCE(known_since.since_at, counters.first_received_at) AS since_at,
        missing.missing_numbers AS detail
    FROM counters
    LEFT JOIN missing USING (device_id)
    LEFT JOIN known_since USING (device_id)
    WHERE counters.last_case_no IS NOT NULL
),

-- Cases left on a tablet whenever it was returned: who brings it back may not be the last to hold it.
act AS (
    SELECT
        device_id,
        institution_id,
        act_no,
        cases_left_count,
        return_act_no,
        returned_on
    FROM device
    UNION ALL
    SELECT
        device_id,
        institution_id,
        act_no,
        cases_left_count,
        return_act_no,
        returned_on
    FROM device_before
),

-- told of the last return with which some were left
left_on AS (
    SELECT
        device_id,
        institution_id,
        return_act_no,
        returned_on,
        (sum(cases_left_count) OVER (PARTITION BY device_id))::BIGINT AS case_count
    FROM act
    WHERE returned_on IS NOT NULL AND cases_left_count IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY device_id ORDER BY cases_left_count > 0 DESC, returned_on DESC, act_no) = 1
),

-- less those that came after all
returned_rows AS (
    SELECT
        'TABLET_RETURNED' AS control_code,
        'tablet' AS subject_kind,
        left_on.device_id AS subject_id,
        left_on.institution_id,
        left_on.case_count AS declared_count,
        left_on.case_count - least(
            left_on.case_count,
            greatest(
                COALESCE(
                    counters.created_count - counters.deleted_count - counters.number_count - counters.unreadable_count,
                    left_on.case_count
                ), 0
            )
        ) AS received_count,
        timezone('UTC', timezone(round.zone, left_on.returned_on::TIMESTAMP)) AS since_at,
        regexp_extract(left_on.return_act_no, '^[A-Z]{0,6}-?([0-9]{1,4}([/-][0-9]{1,4}){0,2})$', 1) AS detail
    FROM left_on
    LEFT JOIN counters USING (device_id)
    CROSS JOIN round
)

SELECT * FROM counter_rows
UNION ALL BY NAME
SELECT * FROM number_rows
UNION ALL BY NAME
SELECT * FROM returned_rows
