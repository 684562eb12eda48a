-- One row per readable record: which rules failed, by severity, and which columns are taken out.
-- Records fail in few combinations: what each means is worked out once.
WITH combination AS (
    SELECT DISTINCT check_nos FROM failed
),

spelled AS (
    SELECT
        check_nos,
        unnest(check_nos) AS check_no
    FROM combination
),

told AS (
    SELECT
        spelled.check_nos,
        list(DISTINCT check_list.rule_id ORDER BY check_list.rule_id) FILTER (WHERE check_list.severity = 'reject') AS rejects,
        list(DISTINCT check_list.rule_id ORDER BY check_list.rule_id) FILTER (WHERE check_list.severity = 'blank') AS blanks,
        list(DISTINCT check_list.rule_id ORDER BY check_list.rule_id) FILTER (WHERE check_list.severity = 'flag') AS flags,
        list_sort(list_distinct(flatten(list(check_list.blanks ORDER BY check_list.check_no)))) AS blanked_columns
    FROM spelled
    INNER JOIN check_list ON spelled.check_no = check_list.check_no
    GROUP BY spelled.check_nos
)

SELECT
    identity.record_id,
    coalesce(told.rejects, []) AS rejects,
    coalesce(told.blanks, []) AS blanks,
    coalesce(told.blanked_columns, []) AS blanked_columns,
    coalesce(told.flags, []) AS flags
FROM identity
LEFT JOIN failed ON identity.record_id = failed.record_id
LEFT JOIN told ON failed.check_nos = told.check_nos
