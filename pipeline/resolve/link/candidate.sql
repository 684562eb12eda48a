-- Pairs of records that share a block. A rule may spend so many pairs a record, on its smallest blocks first: the work grows with the
-- number of records, whatever they hold.
WITH sized AS (
    SELECT
        rule,
        block,
        count(*) AS size
    FROM block
    GROUP BY rule, block
    HAVING count(*) > 1
),

spent AS (
    SELECT
        rule,
        size,
        sum(count(*) * (size * (size - 1) // 2)) OVER (PARTITION BY rule ORDER BY size) AS pairs
    FROM sized
    GROUP BY rule, size
),

affordable AS (
    SELECT
        rule,
        block
    FROM sized
    JOIN spent USING (rule, size)
    WHERE pairs <= 5 * (SELECT count(*) FROM record)
),

kept AS (
    SELECT block.* FROM block SEMI JOIN affordable USING (rule, block)
)

SELECT DISTINCT
    a.no AS a_no,
    b.no AS b_no
FROM kept AS a
JOIN kept AS b USING (rule, block)
WHERE a.no < b.no
