-- The institutions of the register in force.
SELECT
    json_extract_string(cells, 'institution_id') AS institution_id,
    json_extract_string(cells, 'bin') AS bin,
    office_integer(json_extract_string(cells, 'site_no')) AS site_no,
    json_extract_string(cells, 'name_kk') AS name_kk,
    json_extract_string(cells, 'name_ru') AS name_ru,
    json_extract_string(cells, 'category_code') AS category_code,
    json_extract_string(cells, 'kato') AS kato,
    office_integer(json_extract_string(cells, 'capacity')) AS capacity,
    json_extract_string(cells, 'governing_order') AS governing_order,
    json_extract_string(cells, 'head_order_no') AS head_order_no,
    office_day(json_extract_string(cells, 'head_order_on')) AS head_order_on,
    office_boolean(json_extract_string(cells, 'is_web_only')) AS is_web_only,
    office_day(json_extract_string(cells, 'closed_on')) AS closed_on,
    office_tier(json_extract_string(cells, 'ward_tier')) AS ward_tier,
    batch_id
FROM office_state
WHERE kind = 'institution' AND state = 'in_force'
