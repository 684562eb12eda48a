-- Who held a tablet before its newest act of issue: the cases of that time are theirs (R10).
SELECT
    json_extract_string(cells, 'device_id') AS device_id,
    json_extract_string(cells, 'institution_id') AS institution_id,
    json_extract_string(cells, 'act_no') AS act_no,
    office_day(json_extract_string(cells, 'issued_on')) AS issued_on,
    json_extract_string(cells, 'return_act_no') AS return_act_no,
    office_day(json_extract_string(cells, 'returned_on')) AS returned_on,
    office_integer(json_extract_string(cells, 'cases_left_count')) AS cases_left_count,
    json_extract_string(cells, 'form_version') AS form_version,
    row_number() OVER (
        PARTITION BY json_extract_string(cells, 'device_id')
        ORDER BY office_day(json_extract_string(cells, 'issued_on')) DESC NULLS LAST
    ) - 1 AS acts_since,
    batch_id
FROM office_state
WHERE kind = 'device' AND state = 'in_force'
QUALIFY acts_since > 0
