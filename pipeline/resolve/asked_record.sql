-- Every record of the cases somebody may be asked about, or has spoken about.
WITH doubtful AS (
    SELECT unnest([a_no, b_no]) AS no
    FROM pair
    WHERE tier IS NOT NULL OR review_reason IS NOT NULL
),

asked AS (
    SELECT case_id FROM current_record SEMI JOIN doubtful USING (no)
    UNION
    SELECT unnest([left_case_id, right_case_id]) AS case_id
    FROM verdict_line
)

SELECT
    record.record_id,
    record.case_id
FROM record
SEMI JOIN asked USING (case_id)
