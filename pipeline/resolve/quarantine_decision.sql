-- The decision that holds on each item: the last that is whole. On a guarded item a decision is whole when a second person has made
-- the same one, with no other in between; taking a decision back needs one person only, it leaves the item held.
WITH turned AS (
    SELECT
        *,
        action IS DISTINCT FROM lag(action) OVER (PARTITION BY record_id ORDER BY decision_no) AS is_turn
    FROM decision_line
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (WHERE is_turn) OVER (PARTITION BY record_id ORDER BY decision_no) AS turn_no
    FROM turned
),

-- one name is its own least and greatest; NULL is nobody
heard AS (
    SELECT
        *,
        min(decided_by) OVER so_far IS DISTINCT FROM max(decided_by) OVER so_far AS is_seconded
    FROM numbered
    WINDOW so_far AS (PARTITION BY record_id, turn_no ORDER BY decision_no)
),

whole AS (
    SELECT heard.*
    FROM heard
    LEFT JOIN guarded_item USING (record_id)
    WHERE heard.action = 'retry' OR guarded_item.record_id IS NULL OR heard.is_seconded
),

last_turn AS (
    SELECT *
    FROM whole
    QUALIFY turn_no = max(turn_no) OVER (PARTITION BY record_id)
)

SELECT
    record_id,
    action,
    min(decided_at) AS decided_at,
    max(decision_no) AS decision_no
FROM last_turn
WHERE action <> 'retry'
GROUP BY record_id, action
