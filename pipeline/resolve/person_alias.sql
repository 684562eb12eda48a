-- Every case's own would-be id and the person it belongs to now: a merge needs no memory of past nights.
SELECT
    case_alias.case_id,
    case_alias.alias_person_id,
    person_record.person_id
FROM case_alias
LEFT JOIN case_record ON case_alias.case_id = case_record.case_id AND case_record.standing = 'current'
LEFT JOIN person_record USING (record_id)
