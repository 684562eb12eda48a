-- Every value taken out of a record, kept aside. 'raw_value' stands for the value of the column named, filled in by records.py.
WITH taken_out AS (
    SELECT
        failed.record_id,
        check_list.rule_id,
        unnest(check_list.blanks) AS column_name,
        check_list.keep_value
    FROM failed
    INNER JOIN combination ON failed.failures = combination.failures
    INNER JOIN check_list ON combination.check_no = check_list.check_no
    WHERE check_list.severity = 'blank'
),

-- what one rule keeps nowhere no other keeps either
kept AS (
    SELECT * REPLACE (bool_and(keep_value) OVER (PARTITION BY record_id, column_name) AS keep_value)
    FROM taken_out
),

people AS (
    SELECT
        identity.*,
        answers.* EXCLUDE (record_id)
    FROM identity
    INNER JOIN answers ON identity.record_id = answers.record_id
),

valued AS (
    SELECT
        kept.record_id,
        kept.rule_id,
        kept.column_name,
        kept.keep_value,
        'raw_value' AS raw_value
    FROM kept
    INNER JOIN people ON kept.record_id = people.record_id
)

SELECT
    record_id,
    rule_id,
    column_name,
    raw_value
FROM valued
WHERE raw_value IS NOT NULL OR NOT keep_value
