-- Pairs of records that share a number, two of name, birth date and institution, or a list entry. A key that more than fifty
-- share (placeholders, 1 January) says nothing.
WITH by_number AS (
    FROM linkable SEMI JOIN (SELECT iin FROM linkable GROUP BY iin HAVING count(*) BETWEEN 2 AND 50) USING (iin)
),

by_name_and_birth AS (
    FROM linkable
    SEMI JOIN (SELECT name_birth FROM linkable GROUP BY name_birth HAVING count(*) BETWEEN 2 AND 50) USING (name_birth)
),

by_name_and_place AS (
    FROM linkable
    SEMI JOIN (SELECT name_place FROM linkable GROUP BY name_place HAVING count(*) BETWEEN 2 AND 50) USING (name_place)
),

by_birth_and_place AS (
    FROM linkable
    SEMI JOIN (SELECT birth_place FROM linkable GROUP BY birth_place HAVING count(*) BETWEEN 2 AND 50) USING (birth_place)
),

by_entry AS (
    FROM linkable SEMI JOIN (SELECT entry_no FROM linkable GROUP BY entry_no HAVING count(*) BETWEEN 2 AND 50) USING (entry_no)
)

SELECT a.no AS a_no, b.no AS b_no
FROM by_number AS a
JOIN by_number AS b USING (iin)
WHERE a.no < b.no
UNION
SELECT a.no AS a_no, b.no AS b_no
FROM by_name_and_birth AS a
JOIN by_name_and_birth AS b USING (name_birth)
WHERE a.no < b.no
UNION
SELECT a.no AS a_no, b.no AS b_no
FROM by_name_and_place AS a
JOIN by_name_and_place AS b USING (name_place)
WHERE a.no < b.no
UNION
SELECT a.no AS a_no, b.no AS b_no
FROM by_birth_and_place AS a
JOIN by_birth_and_place AS b USING (birth_place)
WHERE a.no < b.no
UNION
SELECT a.no AS a_no, b.no AS b_no
FROM by_entry AS a
JOIN by_entry AS b USING (entry_no)
WHERE a.no < b.no
