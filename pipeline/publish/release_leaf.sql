-- People who look alike in everything that may be known of them, by institution.
SELECT
    *,
    class_path(population, told_district_kato, region_kato, sex, age_band, age_group, birth_year) AS path,
    path[1] AS leaf,
    NULLIF(told_district_kato, region_kato) AS district_kato
FROM (
    SELECT
        population,
        district_kato AS told_district_kato,
        region_kato,
        sex,
        age_band,
        age_group,
        birth_year,
        institution_id,
        is_s3,
        max(min_count) AS min_count,
        count(*) AS person_count
    FROM release_shown
    GROUP BY ALL
)
