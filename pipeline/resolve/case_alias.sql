-- The id every case would give its person, were it the first of the person's cases.
SELECT
    case_id,
    keyed_id(case_id) AS alias_person_id
FROM (SELECT DISTINCT case_id FROM case_record WHERE case_id IS NOT NULL)
