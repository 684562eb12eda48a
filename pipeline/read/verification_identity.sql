-- Who the sources in force name.
SELECT
    record_id AS verification_id,
    office_iin(json_extract_string(cells, 'iin')) AS iin,
    json_extract_string(cells, 'family_name') AS family_name,
    json_extract_string(cells, 'given_name') AS given_name,
    json_extract_string(cells, 'patronymic') AS patronymic,
    office_sex(json_extract_string(cells, 'sex')) AS sex,
    office_day(json_extract_string(cells, 'birth_date')) AS birth_on
FROM office_state
WHERE route = 'verification' AND kind = 'person' AND state = 'in_force'
