-- How often each rule failed, by route and category; rules that never failed are rows too.
WITH asked AS (
    SELECT
        record.record_id,
        record.route,
        coalesce(institution.category_code, 'UNKNOWN') AS category_code
    FROM record
    SEMI JOIN identity ON record.record_id = identity.record_id
    LEFT JOIN institution ON record.institution_id = institution.institution_id
),

groups AS (
    SELECT
        route,
        category_code,
        count(*) AS checked_count
    FROM asked
    GROUP BY route, category_code
),

rules AS (
    SELECT DISTINCT
        rule_id,
        severity
    FROM check_list
),

failed AS (
    SELECT
        check_list.rule_id,
        asked.route,
        asked.category_code,
        count(DISTINCT failure.record_id) AS failed_count
    FROM failure
    INNER JOIN check_list ON failure.check_no = check_list.check_no
    INNER JOIN asked ON failure.record_id = asked.record_id
    GROUP BY ALL
)

SELECT
    rules.rule_id,
    rules.severity,
    groups.route,
    groups.category_code,
    coalesce(failed.failed_count, 0) AS failed_count,
    groups.checked_count
FROM rules
CROSS JOIN groups
LEFT JOIN failed
    ON
        rules.rule_id = failed.rule_id
        AND groups.route = failed.route
        AND groups.category_code = failed.category_code
