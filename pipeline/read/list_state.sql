-- Every stage-1 list received: whose it is, whether it says who is there, and whether it is the newest of that institution that does.
-- A title that names an institution of the register speaks for it, down to the next title of that sheet that does; else the list is
-- its sender's.
CREATE OR REPLACE TEMP TABLE list_state AS
WITH known AS (
    SELECT row_key AS institution_id
    FROM register_state
    WHERE kind = 'institution' AND state = 'in_force'
),

-- Of several institutions in one title the sender is meant if it is among them; else nobody can say which.
titled AS (
    SELECT
        word.batch_id,
        word.block_no,
        count(DISTINCT known.institution_id) > 1 AND NOT bool_or(known.institution_id = word.sender_id) AS is_unclear,
        CASE
            WHEN bool_or(known.institution_id = word.sender_id) OR count(DISTINCT known.institution_id) > 1 THEN min(word.sender_id)
            ELSE min(known.institution_id)
        END AS institution_id
    FROM (
        SELECT
            batch_id,
            block_no,
            COALESCE(sender_id, '') AS sender_id,
            unnest(named) AS name
        FROM office_block
    ) AS word
    JOIN known ON known.institution_id = word.name
    GROUP BY word.batch_id, word.block_no
),

owned AS (
    SELECT
        office_block.*,
        NULLIF(COALESCE(last_value(titled.institution_id IGNORE NULLS) OVER above, office_block.sender_id), '')
            AS institution_id,
        COALESCE(last_value(titled.is_unclear IGNORE NULLS) OVER above, FALSE) AS is_unclear
    FROM office_block
    LEFT JOIN titled USING (batch_id, block_no)
    WINDOW above AS (PARTITION BY office_block.batch_id, office_block.sheet_no ORDER BY office_block.block_no)
),

judged AS (
    SELECT
        *,
        institution_id IN (FROM known) AND NOT is_unclear AS is_known,
        -- a header whose rows were lost says nothing of its site: only a total of 0 says that nobody is there
        bool_or(has_rows OR declared_total IS NOT DISTINCT FROM 0) OVER (PARTITION BY institution_id, is_unclear, batch_id) AS is_told
    FROM owned
)

SELECT
    *,
    dense_rank() OVER (PARTITION BY institution_id, is_known, is_told ORDER BY received_at, batch_id) AS version_no,
    dense_rank() OVER (PARTITION BY institution_id, is_known, is_told ORDER BY received_at DESC, batch_id DESC) = 1
        AND is_told AND is_known AS is_newest,
    left(batch_id, 16) || '-' || lpad(CAST(min(block_no) OVER paper AS VARCHAR), 2, '0') AS list_id
FROM judged
WINDOW paper AS (PARTITION BY institution_id, is_unclear, batch_id)
