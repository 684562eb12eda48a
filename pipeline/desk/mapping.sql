-- What is proposed for the columns of lists with an unknown header.
SELECT
    header_no,
    column_no,
    column_name,
    word,
    header_sha256
FROM list_mapping
SEMI JOIN traced USING (record_id)
ORDER BY header_no, column_no
