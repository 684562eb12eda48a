-- Pairs of records that may be one child under two numbers. An adopted child gets a new number: nobody is asked, nor told, whether the two
-- are one, and no third record brings them together. Both its numbers were issued; where a check digit fails, a slip is likelier.
-- A contested number is one of the two where its digits say the child's birth date: the number of a ward says that of one child of it.
-- Keys first, digits last: of those born on one day few share a name, and the digits of those alone are looked at.
WITH child AS (
    SELECT
        record.no,
        COALESCE(record.iin, CASE WHEN left(record.contested_iin, 6) = strftime(record.birth_on, '%y%m%d') THEN record.contested_iin END)
            AS own_iin,
        record.birth_on,
        record.given_code,
        record.names
    FROM current_record AS record
    CROSS JOIN round
    WHERE own_iin IS NOT NULL AND date_sub('year', record.birth_on, round.moment_on) < 18
),

alike AS (
    SELECT a.no AS a_no, b.no AS b_no, a.own_iin AS a_iin, b.own_iin AS b_iin
    FROM child AS a
    JOIN child AS b USING (birth_on, given_code)
    WHERE a.no < b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no, a.own_iin AS a_iin, b.own_iin AS b_iin
    FROM child AS a
    JOIN child AS b USING (birth_on, names)
    WHERE a.no < b.no
)

SELECT
    a_no,
    b_no,
    least(a_iin, b_iin) AS low_iin,
    greatest(a_iin, b_iin) AS high_iin
FROM alike
WHERE iin_likeness(a_iin, b_iin) = -1 AND iin_check_ok(a_iin) AND iin_check_ok(b_iin)
