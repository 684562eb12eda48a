-- One line per category group. S3 is one merged line wherever its sites lie.
WITH site AS (
    SELECT
        *,
        CASE WHEN tier = 'S3' THEN 'S3' ELSE COALESCE(publication_group, 'UNKNOWN') END AS page_group
    FROM coverage_institution
)

SELECT
    page_group,
    count(*) FILTER (WHERE is_active) AS site_count,
    count(*) FILTER (WHERE is_due) AS due_count,
    count(*) FILTER (WHERE is_due AND is_complete) AS complete_count,
    count(*) FILTER (WHERE is_zero_return) AS zero_count,
    count(*) FILTER (WHERE is_active AND grade = 'FIRM') AS firm_count,
    count(*) FILTER (WHERE is_active AND grade = 'MISSING') AS missing_count,
    sum(expected_present_count) AS expected_present_count,
    sum(present_count) AS present_count,
    sum(present_count) FILTER (WHERE expected_present_count IS NOT NULL)
    / NULLIF(sum(expected_present_count), 0) AS present_rate,
    sum(expected_usual_count) AS expected_usual_count,
    sum(usual_count) AS usual_count,
    sum(usual_count) FILTER (WHERE expected_usual_count IS NOT NULL)
    / NULLIF(sum(expected_usual_count), 0) AS usual_rate,
    sum(no_outcome_count) AS no_outcome_count,
    sum(present_only_count) AS present_only_count,
    sum(unresolved_count) AS unresolved_count,
    sum(proxy_count) AS proxy_count,
    sum(proxy_count) / NULLIF(sum(person_count), 0) AS proxy_rate,
    sum(quarantined_count) AS quarantined_count,
    sum(person_count) AS person_count
FROM site
GROUP BY page_group
ORDER BY page_group IN ('S3', 'UNKNOWN'), page_group
