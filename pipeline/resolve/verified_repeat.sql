-- Rows of one source that may be one person written down twice: both names, and the number or the day of birth.
SELECT a.no AS a_no, b.no AS b_no
FROM verified_key AS a
JOIN verified_key AS b USING (source_id, names, iin)
WHERE a.no < b.no
UNION
SELECT a.no AS a_no, b.no AS b_no
FROM verified_key AS a
JOIN verified_key AS b USING (source_id, names, birth_on)
WHERE a.no < b.no
