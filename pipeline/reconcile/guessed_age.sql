-- How far ages were known: too many birthdays on 1 January are years that somebody guessed.
WITH birthday AS (
    SELECT
        person_count AS dated_count,
        value::BIGINT AS first_january_count,
        round(person_count / 365.25)::BIGINT AS chance_count
    FROM age_heaping
    WHERE publication_group = 'ALL' AND statistic = 'FIRST_OF_JANUARY'
),

counted AS (
    SELECT
        COALESCE(sum(men_count + women_count + sex_unknown_count), 0)::BIGINT AS person_count,
        COALESCE(
            sum(CASE WHEN age_group = 'UNKNOWN' THEN men_count + women_count ELSE 0 END + sex_unknown_count), 0
        )::BIGINT AS unknown_count
    FROM age_sex
)

SELECT
    COALESCE(birthday.first_january_count, 0) AS first_january_count,
    COALESCE(birthday.chance_count, 0) AS chance_count,
    COALESCE(birthday.dated_count, 0) AS dated_count,
    greatest(COALESCE(birthday.first_january_count - birthday.chance_count, 0), 0) AS guessed_count,
    counted.person_count - COALESCE(birthday.dated_count, 0) AS undated_count,
    counted.unknown_count
FROM counted
LEFT JOIN birthday ON TRUE
