-- Answers of everybody counted, with what decides whether a question was asked.
SELECT
    answers.*,
    person.sex,
    person.age_completed,
    COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
    COALESCE(institution.category_code, 'UNKNOWN') AS category_code,
    COALESCE(person.mode, 'UNKNOWN') AS mode
FROM answers
JOIN person ON answers.record_id = person.survivor_record_id
LEFT JOIN institution ON COALESCE(person.usual_institution_id, person.present_institution_id) = institution.institution_id
