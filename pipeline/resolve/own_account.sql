-- Records in which the respondent bears the name of whoever filled them: a member of staff entered as a respondent. The patronymic may be
-- missing; a family name alone is no name.
WITH named AS (
    SELECT
        current_record.record_id,
        concat_ws(' ', family.fold, given.fold, patronymic.fold) AS full_fold,
        colleague.full_fold AS staff_fold
    FROM current_record
    JOIN colleague USING (staff_id)
    JOIN spelling AS family ON current_record.family_no = family.spelling_no AND split_part(colleague.full_fold, ' ', 1) = family.fold
    JOIN spelling AS given ON current_record.given_no = given.spelling_no AND given.fold IS NOT NULL
    LEFT JOIN spelling AS patronymic ON current_record.patronymic_no = patronymic.spelling_no
)

SELECT record_id
FROM named
WHERE starts_with(staff_fold || ' ', full_fold || ' ')
