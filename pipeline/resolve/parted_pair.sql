-- Pairs of records that nothing brings together: somebody said so, or they may be one child under two numbers and nobody said they are.
WITH said_one AS (
    SELECT DISTINCT
        least(COALESCE(a.iin, a.contested_iin), COALESCE(b.iin, b.contested_iin)) AS low_iin,
        greatest(COALESCE(a.iin, a.contested_iin), COALESCE(b.iin, b.contested_iin)) AS high_iin
    FROM spoken_pair
    JOIN current_record AS a ON spoken_pair.a_no = a.no
    JOIN current_record AS b ON spoken_pair.b_no = b.no
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
