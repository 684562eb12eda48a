-- Pairs of records that share a block. A narrow rule may spend five pairs a record; a wide one one and a half, or one where that is not
-- enough for all its blocks. The smallest blocks go first: the work grows with the number of records, whatever they hold.
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
        sum(count(*) * (size * (size - 1) // 2)) OVER (PARTITION BY rule ORDER BY size) AS pairs,
        sum(count(*) * (size * (size - 1) // 2)) OVER (PARTITION BY rule) AS wanted
    FROM sized
    GROUP BY rule, size
),

file AS (
    SELECT count(*) AS records FROM record
),

affordable AS (
    SELECT
        rule,
        block
    FROM sized
    JOIN spent USING (rule, size)
    CROSS JOIN file
    WHERE CASE
        WHEN rule <= 5 THEN pairs <= 5 * records
        WHEN 2 * wanted <= 3 * records THEN TRUE
        ELSE pairs <= records
    END
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
