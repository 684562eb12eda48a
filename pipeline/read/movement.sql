-- Movements in force, one per number of an institution; names lie apart. Where somebody of a safe house comes from or goes to is not kept.
WITH timed AS (
    SELECT
        *,
        office_day(json_extract_string(cells, 'occurred_on')) AS occurred_on,
        office_time(json_extract_string(cells, 'occurred_time')) AS occurred_at_local
    FROM office_state
    WHERE route = 'movement' AND state = 'in_force'
)

SELECT
    timed.record_id AS movement_id,
    timed.institution_id,
    json_extract_string(timed.cells, 'movement_no') AS movement_no,
    json_extract_string(timed.cells, 'movement_type') AS movement_type,
    timed.occurred_on,
    left(CAST(timed.occurred_at_local AS VARCHAR), 5) AS occurred_time,
    CAST(timezone(round.zone, timed.occurred_on + timed.occurred_at_local) AS TIMESTAMP) AS occurred_at,
    json_extract_string(timed.cells, 'other_institution_id') AS other_institution_id,
    CASE WHEN residence_rule.pattern <> 'SAFE_HOUSE' THEN json_extract_string(timed.cells, 'other_kato') END AS other_kato,
    json_extract_string(timed.cells, 'ward') AS ward,
    timed.batch_id
FROM timed
LEFT JOIN institution ON timed.institution_id = institution.institution_id
LEFT JOIN residence_rule ON institution.category_code = residence_rule.category_code
CROSS JOIN round
