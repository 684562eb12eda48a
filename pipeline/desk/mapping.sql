-- What is proposed for the columns of a list with an unknown header.
SELECT
    column_no,
    column_name,
    word,
    header_sha256
FROM list_mapping
SEMI JOIN traced USING (record_id)
ORDER BY column_no
