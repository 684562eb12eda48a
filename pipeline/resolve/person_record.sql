-- Whose record it is: one survivor per counted person, the rest duplicates of it.
SELECT
    record_id,
    person_id,
    founder_case_id,
    role,
    CASE WHEN tier IS NULL AND contested_iin IS NOT NULL THEN 'B' ELSE tier END AS rule_id
FROM linked
