-- Items of S3 institutions.
SELECT record_id
FROM guarded('decidable')
