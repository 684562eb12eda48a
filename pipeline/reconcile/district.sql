-- Districts by coverage of the usual place, without S3; a share of so few that it would speak of somebody is withheld.
WITH summed AS (
    SELECT
        district_kato,
        count(*) FILTER (WHERE is_due) AS due_count,
        count(*) FILTER (WHERE is_due AND is_complete) AS complete_count,
        sum(expected_usual_count) AS expected_usual_count,
        sum(usual_count) FILTER (WHERE expected_usual_count IS NOT NULL) AS usual_count
    FROM coverage_institution
    WHERE tier IS DISTINCT FROM 'S3' AND is_active
    GROUP BY district_kato
),

judged AS (
    SELECT
        *,
        COALESCE(expected_usual_count >= (SELECT max(min_denominator_count) FROM disclosure), FALSE) AS is_shown
    FROM summed
)

SELECT
    ref_district.district_kato,
    ref_district.name_kk,
    ref_district.name_ru,
    ref_district.name_en,
    COALESCE(judged.due_count, 0) AS due_count,
    COALESCE(judged.complete_count, 0) AS complete_count,
    CASE
        WHEN judged.district_kato IS NULL THEN 'none'
        WHEN judged.is_shown THEN 'shown'
        ELSE 'withheld'
    END AS status,
    CASE WHEN judged.is_shown THEN judged.usual_count / NULLIF(judged.expected_usual_count, 0) END AS usual_rate
FROM ref_district
LEFT JOIN judged USING (district_kato)
ORDER BY ref_district.district_kato
