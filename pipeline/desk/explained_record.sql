-- The records of the person in hand, in order of arrival; no word of what they say.
SELECT
    person_record.record_id,
    respondent.case_id,
    person_record.role,
    person_record.rule_id,
    shown_institution(respondent.institution_id) AS institution_id,
    record.mode,
    record.completed_at
FROM person_record
JOIN respondent USING (record_id)
JOIN record USING (record_id)
SEMI JOIN hand USING (person_id)
ORDER BY respondent.arrival_no
