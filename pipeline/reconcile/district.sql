-- Districts by coverage of the usual place, without S3; nothing as long as that would be so few people that it speaks of somebody, or one
-- institution and little else.
WITH summed AS (
    SELECT
        district_kato,
        count(*) FILTER (WHERE is_due) AS due_count,
        count(*) FILTER (WHERE is_due AND is_complete) AS complete_count,
        sum(expected_usual_count) AS expected_usual_count,
        sum(usual_count) FILTER (WHERE expected_usual_count IS NOT NULL) AS usual_count,
        count(*) FILTER (WHERE expected_usual_count > 0) AS site_count,
        max(expected_usual_count) AS largest_count
    FROM coverage_institution
    WHERE tier IS DISTINCT FROM 'S3' AND is_active
    GROUP BY district_kato
),

rule AS (
    SELECT
        max(min_denominator_count) AS min_denominator_count,
        max(min_institution_count) AS min_institution_count,
        min(max_institution_rate) AS max_institution_rate
    FROM disclosure
),

judged AS (
    SELECT
        summed.*,
        COALESCE(
            summed.expected_usual_count >= rule.min_denominator_count
            AND summed.site_count >= rule.min_institution_count
            AND summed.largest_count <= rule.max_institution_rate * summed.expected_usual_count,
            FALSE
        ) AS is_shown
    FROM summed
    CROSS JOIN rule
)

SELECT
    ref_district.district_kato,
    ref_district.name_kk,
    ref_district.name_ru,
    ref_district.name_en,
    CASE WHEN judged.is_shown THEN judged.due_count WHEN judged.district_kato IS NULL THEN 0 END AS due_count,
    CASE WHEN judged.is_shown THEN judged.complete_count WHEN judged.district_kato IS NULL THEN 0 END AS complete_count,
    CASE
        WHEN judged.district_kato IS NULL THEN 'none'
        WHEN judged.is_shown THEN 'shown'
        ELSE 'withheld'
    END AS status,
    CASE WHEN judged.is_shown THEN judged.usual_count / NULLIF(judged.expected_usual_count, 0) END AS usual_rate
FROM ref_district
LEFT JOIN judged USING (district_kato)
ORDER BY ref_district.district_kato
