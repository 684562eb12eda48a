-- Pairs of records taken without looking at them: each record with those next to it in an order that the data do not give.
CREATE OR REPLACE TEMP MACRO random_pair(wanted) AS TABLE
WITH shuffled AS (
    SELECT
        no,
        row_number() OVER (ORDER BY hash(no, 20210901), no) - 1 AS place
    FROM record
),

file AS (
    SELECT
        count(*) AS records,
        greatest(1, least(wanted // count(*), (count(*) - 1) // 2)) AS neighbours
    FROM record
),

drawn AS MATERIALIZED (
    SELECT
        no AS one_no,
        (place + unnest(range(1, neighbours + 1))) % records AS other_place
    FROM shuffled
    CROSS JOIN file
    WHERE place < wanted
)

SELECT
    least(one_no, no) AS a_no,
    greatest(one_no, no) AS b_no
FROM drawn
JOIN shuffled ON other_place = place
WHERE one_no <> no
