-- Categories with institutions from which nothing came, and what those of the same category expected and counted from which something did.
SELECT
    category_code,
    list([expected_present_count, present_count] ORDER BY institution_id) FILTER (WHERE last_received_at IS NOT NULL) AS answered,
    count(*) FILTER (WHERE is_zero_return) AS institution_count,
    sum(expected_present_count) FILTER (WHERE is_zero_return)::BIGINT AS expected_count
FROM coverage_institution
WHERE is_active AND expected_present_count > 0
GROUP BY category_code
HAVING count(*) FILTER (WHERE is_zero_return) > 0
ORDER BY category_code
