-- List entries that repeat an earlier one of the same list, and which: a person written down twice is one.
SELECT
    b_no AS no,
    min(a_no) AS earlier_no
FROM compared('entry_pair', 'document_key', 'document_key')
WHERE iin_like >= 0
AND patronymic_like >= 0
-- namesakes born on one day came on different days
AND (iin_like >= 1 OR NOT is_admitted_apart)
AND (given_like = 2 OR (given_like = 1 AND iin_like = 2))
AND (family_like >= 1 OR iin_like = 2)
AND (birth_like = 2 OR (birth_like >= 0 AND iin_like >= 1))
GROUP BY b_no
