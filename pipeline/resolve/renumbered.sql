-- Pairs of records that may be one child under two numbers. An adopted child gets a new number: nobody is asked, nor told, whether the two
-- are one, and no third record brings them together. Both its numbers were issued; where a check digit fails, a slip is likelier.
WITH child AS (
    SELECT
        record.no,
        record.iin,
        record.birth_on,
        record.given_code,
        record.names
    FROM current_record AS record
    CROSS JOIN round
    WHERE iin_check_ok(record.iin) AND date_sub('year', record.birth_on, round.moment_on) < 18
)

SELECT
    a.no AS a_no,
    b.no AS b_no,
    least(a.iin, b.iin) AS low_iin,
    greatest(a.iin, b.iin) AS high_iin
FROM child AS a
JOIN child AS b
    ON a.birth_on = b.birth_on
    AND (a.given_code = b.given_code OR a.names = b.names)
    AND a.no < b.no
WHERE iin_likeness(a.iin, b.iin) = -1
