-- What another office is to be told. The person id exists in the lake alone.
SELECT
    record_id,
    institution_id,
    category_code,
    reason,
    destination_kato,
    basis
FROM forwarded
