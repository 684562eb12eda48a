-- Staff who live in and their families: private households, outside the institution's totals.
SELECT
    respondent.record_id,
    respondent.institution_id,
    answers.position_in_institution AS reason
FROM respondent
JOIN answers USING (record_id)
WHERE respondent.scope_reason = 'PRIVATE_HOUSEHOLD'
