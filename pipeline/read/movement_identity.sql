-- Who the movements in force are about.
SELECT
    record_id AS movement_id,
    office_iin(json_extract_string(cells, 'iin')) AS iin,
    json_extract_string(cells, 'family_name') AS family_name,
    json_extract_string(cells, 'given_name') AS given_name,
    json_extract_string(cells, 'patronymic') AS patronymic,
    office_sex(json_extract_string(cells, 'sex')) AS sex,
    office_day(json_extract_string(cells, 'birth_date')) AS birth_on
FROM office_state
WHERE route = 'movement' AND state = 'in_force'
