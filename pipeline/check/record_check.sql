-- One row per readable record: which rules failed, by severity, and which columns are taken out.
WITH failed AS (
    SELECT DISTINCT
        failure.record_id,
        check_list.rule_id,
        check_list.severity
    FROM failure
    INNER JOIN check_list ON failure.check_no = check_list.check_no
),

blanked AS (
    SELECT DISTINCT
        failure.record_id,
        unnest(check_list.blanks) AS column_name
    FROM failure
    INNER JOIN check_list ON failure.check_no = check_list.check_no
    WHERE check_list.severity = 'blank'
),

rules_by_record AS (
    SELECT
        record_id,
        list(rule_id ORDER BY rule_id) FILTER (WHERE severity = 'reject') AS rejects,
        list(rule_id ORDER BY rule_id) FILTER (WHERE severity = 'blank') AS blanks,
        list(rule_id ORDER BY rule_id) FILTER (WHERE severity = 'flag') AS flags
    FROM failed
    GROUP BY record_id
),

columns_by_record AS (
    SELECT
        record_id,
        list(column_name ORDER BY column_name) AS blanked_columns
    FROM blanked
    GROUP BY record_id
)

SELECT
    identity.record_id,
    coalesce(rules_by_record.rejects, []) AS rejects,
    coalesce(rules_by_record.blanks, []) AS blanks,
    coalesce(columns_by_record.blanked_columns, []) AS blanked_columns,
    coalesce(rules_by_record.flags, []) AS flags
FROM identity
LEFT JOIN rules_by_record ON identity.record_id = rules_by_record.record_id
LEFT JOIN columns_by_record ON identity.record_id = columns_by_record.record_id
