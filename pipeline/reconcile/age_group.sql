-- Everybody counted by age and sex, all groups together; nothing as long as that would be one institution, or S3, and little else.
WITH site AS (
    SELECT
        tier IS NOT DISTINCT FROM 'S3' AS is_s3,
        person_count
    FROM coverage_institution
    WHERE person_count > 0
),

source AS (
    SELECT
        count(*) FILTER (WHERE NOT is_s3) AS site_count,
        greatest(max(person_count), sum(person_count) FILTER (WHERE is_s3)) AS largest_count,
        sum(person_count) AS person_count
    FROM site
),

rule AS (
    SELECT
        max(min_institution_count) AS min_institution_count,
        min(max_institution_rate) AS max_institution_rate,
        max(min_cell_count) AS min_cell_count
    FROM disclosure
)

SELECT
    age_sex.age_group,
    sum(age_sex.men_count)::BIGINT AS men_count,
    sum(age_sex.women_count)::BIGINT AS women_count,
    sum(age_sex.sex_unknown_count)::BIGINT AS sex_unknown_count
FROM age_sex
CROSS JOIN source
CROSS JOIN rule
WHERE source.site_count >= rule.min_institution_count
AND source.person_count >= rule.min_cell_count
AND source.largest_count <= rule.max_institution_rate * source.person_count
GROUP BY age_sex.age_group
ORDER BY age_sex.age_group
