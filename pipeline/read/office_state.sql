-- Every row that offices sent, and what became of it.
CREATE OR REPLACE TEMP TABLE office_state AS
WITH known AS (
    SELECT row_key AS institution_id
    FROM register_state
    WHERE kind = 'institution' AND state = 'in_force'
),

lists AS (
    SELECT
        office_row.* EXCLUDE (block_no),
        COALESCE(list_state.institution_id, office_row.sender_id) AS institution_id,
        COALESCE(list_state.is_known, office_row.sender_id IN (FROM known), FALSE) AS is_known,
        CASE WHEN office_row.held IS NULL THEN list_state.list_id END AS list_id
    FROM office_row
    LEFT JOIN list_state ON list_state.batch_id = office_row.batch_id AND list_state.block_no = office_row.block_no
    WHERE office_row.route = 'list'
    -- an empty sheet beside a list is no list that lost its rows
    AND NOT (COALESCE(office_row.held, '') = 'NO_ROWS' AND list_state.is_told)
),

newest_list AS (
    SELECT
        institution_id,
        max(received_at) AS received_at
    FROM list_state
    WHERE is_newest
    GROUP BY institution_id
),

list_rows AS (
    SELECT
        lists.*,
        CASE
            WHEN fault IS NOT NULL THEN 'unreadable'
            WHEN lists.received_at < newest_list.received_at THEN 'replaced'
            WHEN held IN ('HEADER_NOT_FOUND', 'MAPPING_UNCERTAIN', 'NO_ROWS') THEN 'quarantined'
            WHEN NOT is_known THEN 'quarantined'
            WHEN held IS NOT NULL THEN 'quarantined'
            ELSE 'in_force'
        END AS state,
        CASE
            WHEN fault IS NOT NULL THEN fault
            WHEN lists.received_at < newest_list.received_at THEN 'NEWER_LIST'
            WHEN held IN ('HEADER_NOT_FOUND', 'MAPPING_UNCERTAIN', 'NO_ROWS') THEN held
            WHEN NOT is_known THEN 'UNKNOWN_INSTITUTION'
            WHEN held IS NOT NULL THEN held
            WHEN json_extract_string(cells, 'is_set_aside') = 'true' THEN 'VALUE_SET_ASIDE'
            WHEN json_extract_string(cells, 'is_outside') = 'true' THEN 'OUTSIDE_LIST'
            WHEN json_extract_string(cells, 'is_hidden') = 'true' THEN 'HIDDEN_ROW'
        END AS reason
    FROM lists
    LEFT JOIN newest_list USING (institution_id)
),

-- Movements and headcounts: one row replaces another of the same key.
keyed AS (
    SELECT
        *,
        CASE
            WHEN route = 'movement' THEN sender_id
            ELSE COALESCE(json_extract_string(cells, 'institution_id'), sender_id)
        END AS institution_id,
        CASE WHEN route = 'movement' THEN json_extract_string(cells, 'movement_no') ELSE 'headcount' END AS row_key
    FROM office_row
    WHERE route IN ('movement', 'headcount')
),

judged AS (
    SELECT
        *,
        CASE
            WHEN fault IS NOT NULL THEN fault
            WHEN held IS NOT NULL THEN held
            WHEN route = 'headcount' AND sender_id IS NOT NULL AND institution_id <> sender_id THEN 'OTHER_SENDER'
            WHEN institution_id IS NULL OR institution_id NOT IN (FROM known) THEN 'UNKNOWN_INSTITUTION'
            WHEN row_key IS NULL THEN 'NO_KEY'
            WHEN route = 'movement' AND COALESCE(json_extract_string(cells, 'movement_type'), '') NOT IN (
                'ADMISSION', 'DISCHARGE', 'TRANSFER_IN', 'TRANSFER_OUT', 'BIRTH', 'DEATH', 'LEAVE', 'RETURN'
            ) THEN 'BAD_TYPE'
            WHEN route = 'movement' AND office_day(json_extract_string(cells, 'occurred_on')) IS NULL THEN 'BAD_DATE'
            WHEN route = 'headcount' AND COALESCE(office_integer(json_extract_string(cells, 'present_count')), -1) < 0 THEN 'BAD_COUNT'
        END AS problem
    FROM keyed
),

-- In one file two movements of one number are two, of which the first holds; the portal may say in one pull what it said before otherwise.
numbered AS (
    SELECT
        * REPLACE (
            CASE
                WHEN problem IS NULL AND route = 'movement' AND NOT is_line AND content_sha256 <> first_value(content_sha256) OVER file
                    THEN 'DUPLICATE_KEY'
                ELSE problem
            END AS problem
        )
    FROM judged
    WINDOW file AS (PARTITION BY batch_id, row_key, problem IS NULL ORDER BY record_no)
),

compared AS (
    SELECT
        *,
        problem IS NULL AND content_sha256 IS NOT DISTINCT FROM lag(content_sha256) OVER versions AS is_same_again
    FROM numbered
    WINDOW versions AS (PARTITION BY route, institution_id, row_key, problem IS NULL ORDER BY received_at, batch_id, record_no)
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY route, institution_id, row_key, problem IS NULL, is_same_again
            ORDER BY received_at DESC, batch_id DESC, record_no DESC
        ) = 1 AS is_newest
    FROM compared
),

keyed_rows AS (
    SELECT
        *,
        CASE
            WHEN fault IS NOT NULL THEN 'unreadable'
            WHEN problem IS NOT NULL THEN 'quarantined'
            WHEN is_same_again THEN 'repeated'
            WHEN is_newest THEN 'in_force'
            ELSE 'replaced'
        END AS state,
        CASE
            WHEN problem IS NOT NULL THEN problem
            WHEN is_same_again THEN 'SAME_AGAIN'
            WHEN NOT is_newest THEN 'NEWER_ROW'
            WHEN office_is_set_aside(cells) THEN 'VALUE_SET_ASIDE'
        END AS reason
    FROM ranked
),

every AS (
    SELECT batch_id, route, received_at, record_no, file_no,
        kind, cells, content_sha256, institution_id, NULL AS list_id, state, reason FROM register_state
    UNION ALL BY NAME
    SELECT batch_id, route, received_at, record_no, file_no,
        kind, cells, content_sha256, institution_id, list_id, state, reason FROM list_rows
    UNION ALL BY NAME
    SELECT batch_id, route, received_at, record_no, file_no,
        kind, cells, content_sha256, institution_id, NULL AS list_id, state, reason FROM keyed_rows
    UNION ALL BY NAME
    SELECT batch_id, route, received_at, record_no, file_no,
        kind, cells, content_sha256, institution_id, NULL AS list_id, state, reason FROM verification_state
)

SELECT
    * REPLACE (CAST(CAST(received_at AS TIMESTAMPTZ) AS TIMESTAMP) AS received_at),
    left(batch_id, 16) || '-' || lpad(CAST(record_no AS VARCHAR), 7, '0') AS record_id
FROM every
