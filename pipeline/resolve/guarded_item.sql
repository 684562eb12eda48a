-- Items on which two persons decide: those of S3 institutions, and headers, for one accepted opens the lists of all who write like that.
SELECT record_id
FROM guarded('decidable')
UNION
SELECT record_id
FROM intake_record
SEMI JOIN decidable USING (record_id)
WHERE reason = 'MAPPING_UNCERTAIN'
