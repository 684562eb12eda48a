-- Sums of coverage_institution: by category, by district and of the whole region.
-- A ratio compares only institutions that have an expected count, in numerator and denominator alike.
WITH summed AS (
    SELECT
        category_code,
        -- sites of one category may have different tiers, by their wards; what has no category in the register is UNKNOWN, like what is not
        -- in it: of the two, sites alone have a tier
        max(tier) AS tier,
        max(publication_group) AS publication_group,
        district_kato,
        GROUPING(category_code) = 0 AS is_category,
        GROUPING(district_kato) = 0 AS is_district,
        count(*) FILTER (WHERE institution_id <> 'UNKNOWN') AS institution_count,
        count(*) FILTER (WHERE is_due) AS due_count,
        count(*) FILTER (WHERE is_due AND is_complete) AS complete_count,
        count(*) FILTER (WHERE is_zero_return) AS zero_return_count,
        count(*) FILTER (WHERE is_active AND grade = 'FIRM') AS firm_count,
        count(*) FILTER (WHERE is_active AND grade = 'PROVISIONAL') AS provisional_count,
        count(*) FILTER (WHERE is_active AND grade = 'MISSING') AS missing_count,
        sum(expected_present_count) AS expected_present_count,
        sum(expected_usual_count) AS expected_usual_count,
        sum(present_count) AS present_count,
        sum(usual_count) AS usual_count,
        sum(present_count) FILTER (WHERE expected_present_count IS NOT NULL) AS compared_present_count,
        sum(usual_count) FILTER (WHERE expected_usual_count IS NOT NULL) AS compared_usual_count,
        sum(person_count) AS person_count,
        sum(present_only_count) AS present_only_count,
        sum(unresolved_count) AS unresolved_count,
        sum(record_count) AS record_count,
        sum(case_count) AS case_count,
        sum(quarantined_count) AS quarantined_count,
        sum(duplicate_count) AS duplicate_count,
        sum(erroneous_count) AS erroneous_count,
        sum(forwarded_count) AS forwarded_count,
        sum(list_count) AS list_count,
        sum(matched_count) AS matched_count,
        sum(list_only_count) AS list_only_count,
        sum(counted_elsewhere_count) AS counted_elsewhere_count,
        sum(departed_count) AS departed_count,
        sum(died_count) AS died_count,
        sum(transferred_count) AS transferred_count,
        sum(belongs_elsewhere_count) AS belongs_elsewhere_count,
        sum(refused_count) AS refused_count,
        sum(not_expected_count) AS not_expected_count,
        sum(no_outcome_count) AS no_outcome_count,
        sum(new_since_list_count) AS new_since_list_count,
        sum(missed_by_list_count) AS missed_by_list_count,
        sum(proxy_count) AS proxy_count,
        sum(web_count) AS web_count,
        sum(iin_missing_count) AS iin_missing_count
    FROM (SELECT * REPLACE (COALESCE(district_kato, 'UNKNOWN') AS district_kato) FROM coverage_institution)
    GROUP BY GROUPING SETS ((category_code), (district_kato), ())
)

SELECT
    *,
    complete_count / NULLIF(due_count, 0) AS return_rate,
    compared_present_count / NULLIF(expected_present_count, 0) AS present_rate,
    compared_usual_count / NULLIF(expected_usual_count, 0) AS usual_rate,
    compared_present_count - expected_present_count AS present_difference_count,
    compared_usual_count - expected_usual_count AS usual_difference_count,
    duplicate_count / NULLIF(case_count, 0) AS duplicate_rate,
    erroneous_count / NULLIF(case_count, 0) AS erroneous_rate,
    matched_count / NULLIF(list_count, 0) AS match_rate,
    no_outcome_count / NULLIF(list_count, 0) AS omission_rate,
    new_since_list_count / NULLIF(person_count, 0) AS new_since_list_rate,
    proxy_count / NULLIF(person_count, 0) AS proxy_rate,
    web_count / NULLIF(person_count, 0) AS web_rate,
    iin_missing_count / NULLIF(person_count, 0) AS iin_missing_rate
FROM summed
