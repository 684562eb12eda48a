-- People who look alike in everything that may be known of them, a leaf, with the class they are in as less and less is told: from what
-- is known of a person down to the group alone. Classes of one level have numbers in their order.
SELECT
    leaf,
    [
        dense_rank() OVER (ORDER BY population, district_kato, sex, age_band, age_group, birth_year),
        dense_rank() OVER (ORDER BY population, district_kato, sex, age_band, age_group),
        dense_rank() OVER (ORDER BY population, district_kato, sex, age_band),
        dense_rank() OVER (ORDER BY population, sex, age_band),
        dense_rank() OVER (ORDER BY population, sex),
        dense_rank() OVER (ORDER BY population)
    ] AS path,
    1 AS level_no,
    least_level,
    population,
    NULLIF(district_kato, region_kato) AS district_kato
FROM (
    SELECT DISTINCT
        leaf,
        least_level,
        population,
        district_kato,
        region_kato,
        sex,
        age_band,
        age_group,
        birth_year
    FROM release_alike
)
