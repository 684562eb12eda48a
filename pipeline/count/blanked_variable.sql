-- Variables that some check blanked in some record.
SELECT DISTINCT unnest(blanked_columns) AS variable
FROM record_check
