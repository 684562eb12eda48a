-- What the columns of an unknown header seem to mean, for a person to accept. Of the header only words we know are kept.
WITH proposed AS (
    SELECT
        record_id,
        json_extract_string(cells, 'header_sha256') AS header_sha256,
        unnest(from_json(json_extract(cells, 'columns'), '[{"column_name": "VARCHAR", "column_no": "INTEGER", "word": "VARCHAR"}]')) AS said
    FROM office_state
    WHERE reason = 'MAPPING_UNCERTAIN'
)

SELECT
    record_id,
    header_sha256,
    said.column_no AS column_no,
    said.column_name AS column_name,
    said.word AS word
FROM proposed
