-- What the columns of a file's unknown headers seem to mean, for a person to accept. Of a header only words we know are kept.
WITH held AS (
    SELECT
        record_id,
        from_json(
            json_extract(cells, 'headers'),
            '[{"header_sha256": "VARCHAR", "columns": [{"column_name": "VARCHAR", "column_no": "INTEGER", "word": "VARCHAR"}]}]'
        ) AS headers
    FROM office_state
    WHERE reason = 'MAPPING_UNCERTAIN'
),

header AS (
    SELECT
        record_id,
        unnest(headers) AS header,
        unnest(range(1, len(headers) + 1)) AS header_no
    FROM held
),

proposed AS (
    SELECT
        record_id,
        CAST(header_no AS INTEGER) AS header_no,
        header.header_sha256 AS header_sha256,
        unnest(header.columns) AS said
    FROM header
)

SELECT
    record_id,
    header_no,
    header_sha256,
    said.column_no AS column_no,
    said.column_name AS column_name,
    said.word AS word
FROM proposed
