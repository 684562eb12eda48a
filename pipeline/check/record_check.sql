-- One row per readable record: which rules failed, by severity, and which columns are taken out.
-- Records fail in few combinations: what each means is worked out once.
WITH told AS (
    SELECT
        combination.failures,
        list(DISTINCT check_list.rule_id ORDER BY check_list.rule_id) FILTER (WHERE check_list.severity = 'reject') AS rejects,
        list(DISTINCT check_list.rule_id ORDER BY check_list.rule_id) FILTER (WHERE check_list.severity = 'blank') AS blanks,
        list(DISTINCT check_list.rule_id ORDER BY check_list.rule_id) FILTER (WHERE check_list.severity = 'flag') AS flags,
        list_sort(list_distinct(flatten(list(check_list.blanks ORDER BY check_list.check_no)))) AS blanked_columns
    FROM combination
    INNER JOIN check_list ON combination.check_no = check_list.check_no
    GROUP BY combination.failures
)

SELECT
    failed.record_id,
    coalesce(told.rejects, []) AS rejects,
    coalesce(told.blanks, []) AS blanks,
    coalesce(told.blanked_columns, []) AS blanked_columns,
    coalesce(told.flags, []) AS flags
FROM failed
LEFT JOIN told ON failed.failures = told.failures
