-- How many look alike in everything that says who somebody is: of those who have fewest.
SELECT min(person_count)
FROM (
    SELECT count(*) AS person_count
    FROM release_census_person
    GROUP BY publication_group, district_kato, sex, age_band, age_group, birth_year
)
