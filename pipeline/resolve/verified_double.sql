-- Rows that repeat an earlier one of their source. Namesakes are not: another number or patronymic, or a day of birth that was guessed.
SELECT DISTINCT b_no AS no
FROM compared('verified_repeat', 'verified_key', 'verified_key')
WHERE iin_like >= 0
AND patronymic_like >= 0
AND (birth_like = 2 OR iin_like >= 1)
