-- Who the sources in force name.
SELECT
    record_id AS verification_id,
    -- a number cell has lost its leading zeros
    CASE
        WHEN regexp_full_match(json_extract_string(cells, 'iin'), '[0-9]{9,11}') THEN lpad(json_extract_string(cells, 'iin'), 12, '0')
        ELSE json_extract_string(cells, 'iin')
    END AS iin,
    json_extract_string(cells, 'family_name') AS family_name,
    json_extract_string(cells, 'given_name') AS given_name,
    json_extract_string(cells, 'patronymic') AS patronymic,
    office_integer(json_extract_string(cells, 'sex')) AS sex,
    office_day(json_extract_string(cells, 'birth_date')) AS birth_on
FROM office_state
WHERE route = 'verification' AND kind = 'person' AND state = 'in_force'
