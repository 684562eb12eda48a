-- Whose record it is: one survivor per counted person, the rest duplicates of it.
SELECT
    record_id,
    person_id,
    founder_case_id,
    role,
    rule_id
FROM linked
WHERE role IS NOT NULL
