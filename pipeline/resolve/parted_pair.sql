-- Pairs of records that nothing brings together: somebody said so, or they may be one child under two numbers and nobody said they are.
WITH said_one AS (
    SELECT DISTINCT
        least(a.iin, b.iin) AS low_iin,
        greatest(a.iin, b.iin) AS high_iin
    FROM spoken_pair
    JOIN linkable AS a ON spoken_pair.a_no = a.no
    JOIN linkable AS b ON spoken_pair.b_no = b.no
    WHERE spoken_pair.standing = 'same'
)

SELECT
    a_no,
    b_no
FROM spoken_pair
WHERE standing = 'different'
UNION
SELECT
    a_no,
    b_no
FROM renumbered
ANTI JOIN said_one USING (low_iin, high_iin)
