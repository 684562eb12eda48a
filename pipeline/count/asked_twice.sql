-- Both answers to every question of a case asked again, where both interviews gave one that is a code of the question.
WITH again AS (
    SELECT verification_answer.*
    FROM verification_answer
    JOIN verification_use USING (source_id)
    WHERE verification_use.status = 'USED' AND verification_answer.value IS NOT NULL
),

first_time AS (
    SELECT
        respondent.case_id,
        to_json(answers) AS answers
    FROM answers
    JOIN respondent USING (record_id)
    SEMI JOIN again USING (case_id)
),

both_times AS (
    SELECT
        again.variable,
        ref_variable.type,
        ref_variable.code_list,
        json_extract_string(first_time.answers, '$.' || again.variable) AS census_value,
        again.value AS again_value
    FROM again
    JOIN first_time USING (case_id)
    JOIN ref_variable USING (variable)
)

SELECT
    variable,
    census_value,
    again_value,
    count(*) AS case_count
FROM both_times
LEFT JOIN ref_code ON both_times.code_list = ref_code.code_list AND both_times.census_value = ref_code.code
WHERE census_value IS NOT NULL AND (type = 'boolean' OR ref_code.code IS NOT NULL)
GROUP BY variable, census_value, again_value
ORDER BY variable, census_value, again_value
