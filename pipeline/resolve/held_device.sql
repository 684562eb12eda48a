-- Every tablet once, with the institution that holds it last: a tablet handed on has a row for each holder.
SELECT
    device_id,
    institution_id
FROM device
QUALIFY row_number() OVER (PARTITION BY device_id ORDER BY issued_on DESC NULLS LAST, institution_id) = 1
