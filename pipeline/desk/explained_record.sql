-- The records of the person in hand, in order of arrival; no word of what they say. A case that touches an S3 institution by any of its
-- records is at `S3`, wherever its newest version is from.
SELECT
    person_record.record_id,
    respondent.case_id,
    person_record.role,
    person_record.rule_id,
    CASE
        WHEN respondent.case_id IN (SELECT case_id FROM guarded_case) THEN 'S3'
        ELSE shown_institution(respondent.institution_id)
    END AS institution_id,
    known_mode(record.mode) AS mode,
    record.completed_at
FROM person_record
JOIN respondent USING (record_id)
JOIN record USING (record_id)
SEMI JOIN hand USING (person_id)
ORDER BY respondent.arrival_no
