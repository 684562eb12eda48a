-- Pairs of cases spoken about of which one touches an S3 institution.
SELECT DISTINCT
    left_case_id,
    right_case_id
FROM verdict_line
WHERE left_case_id IN (SELECT case_id FROM guarded_case) OR right_case_id IN (SELECT case_id FROM guarded_case)
