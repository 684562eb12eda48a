-- Tablets: issue, kit and return, by the newest act of each; who held it before is `device_before`.
SELECT
    json_extract_string(cells, 'device_id') AS device_id,
    json_extract_string(cells, 'institution_id') AS institution_id,
    json_extract_string(cells, 'act_no') AS act_no,
    office_day(json_extract_string(cells, 'issued_on')) AS issued_on,
    json_extract_string(cells, 'return_act_no') AS return_act_no,
    office_day(json_extract_string(cells, 'returned_on')) AS returned_on,
    office_integer(json_extract_string(cells, 'cases_left_count')) AS cases_left_count,
    json_extract_string(cells, 'form_version') AS form_version,
    office_boolean(json_extract_string(cells, 'has_case')) AS has_case,
    office_boolean(json_extract_string(cells, 'has_glass')) AS has_glass,
    office_boolean(json_extract_string(cells, 'has_charger')) AS has_charger,
    office_boolean(json_extract_string(cells, 'has_usb_cable')) AS has_usb_cable,
    office_boolean(json_extract_string(cells, 'has_stylus')) AS has_stylus,
    office_boolean(json_extract_string(cells, 'has_power_bank')) AS has_power_bank,
    json_extract_string(cells, 'public_key') AS public_key,
    json_extract_string(cells, 'key_signature') AS key_signature,
    -- a day that cannot be read is no reason to believe: it holds from the beginning
    -- and of a key it is enough that one of its rows says so
    min(office_day_or_ever(json_extract_string(cells, 'key_revoked_on'))) OVER (
        PARTITION BY json_extract_string(cells, 'device_id'), json_extract_string(cells, 'public_key')
    ) AS key_revoked_on,
    office_day_or_ever(json_extract_string(cells, 'lost_on')) AS lost_on,
    batch_id
FROM office_state
WHERE kind = 'device' AND state = 'in_force'
QUALIFY row_number() OVER (
    PARTITION BY json_extract_string(cells, 'device_id') ORDER BY office_day(json_extract_string(cells, 'issued_on')) DESC NULLS LAST
) = 1
