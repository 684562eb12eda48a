-- How often each rule failed, by route and category; rules that never failed are rows too.
WITH asked AS (
    SELECT
        record.route,
        coalesce(institution.category_code, 'UNKNOWN') AS category_code,
        failed.failures
    FROM record
    INNER JOIN failed ON record.record_id = failed.record_id
    LEFT JOIN institution ON record.institution_id = institution.institution_id
),

tally AS (
    SELECT
        route,
        category_code,
        failures,
        count(*) AS record_count
    FROM asked
    GROUP BY route, category_code, failures
),

groups AS (
    SELECT
        route,
        category_code,
        sum(record_count) AS checked_count
    FROM tally
    GROUP BY route, category_code
),

rules AS (
    SELECT DISTINCT
        rule_id,
        severity
    FROM check_list
),

-- a rule asked of several columns fails once
failing AS (
    SELECT DISTINCT
        check_list.rule_id,
        tally.route,
        tally.category_code,
        tally.failures,
        tally.record_count
    FROM tally
    INNER JOIN combination ON tally.failures = combination.failures
    INNER JOIN check_list ON combination.check_no = check_list.check_no
),

results AS (
    SELECT
        rule_id,
        route,
        category_code,
        sum(record_count) AS failed_count
    FROM failing
    GROUP BY rule_id, route, category_code
)

SELECT
    rules.rule_id,
    rules.severity,
    groups.route,
    groups.category_code,
    coalesce(results.failed_count, 0) AS failed_count,
    groups.checked_count
FROM rules
CROSS JOIN groups
LEFT JOIN results
    ON
        rules.rule_id = results.rule_id
        AND groups.route = results.route
        AND groups.category_code = results.category_code
