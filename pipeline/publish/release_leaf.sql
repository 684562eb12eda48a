-- People who look alike in everything that may be known of them, by institution.
SELECT
    class_path(population, district_kato, region_kato, sex, age_band, age_group, birth_year) AS path,
    path[1] AS leaf,
    population,
    NULLIF(district_kato, region_kato) AS district_kato,
    institution_id,
    is_s3,
    max(min_count) AS min_count,
    count(*) AS person_count
FROM release_shown
GROUP BY ALL
