-- Everybody counted, by what age and birth date say of how they were asked; only a date given to the day has a birthday.
WITH aged AS (
    SELECT
        -- as in a release: of no known category is OTHER, of no known institution UNKNOWN
        CASE WHEN institution.institution_id IS NULL THEN 'UNKNOWN' ELSE COALESCE(ref_category.publication_group, 'OTHER') END
            AS publication_group,
        person.sex,
        person.age_completed,
        year(identity.birth_on) % 10 AS birth_year_digit,
        CASE
            WHEN COALESCE(identity.birth_date_precision, 'DAY') = 'DAY' THEN month(identity.birth_on) = 1 AND day(identity.birth_on) = 1
        END AS is_first_of_january
    FROM person
    LEFT JOIN identity ON person.survivor_record_id = identity.record_id
    LEFT JOIN institution ON COALESCE(person.usual_institution_id, person.present_institution_id) = institution.institution_id
    LEFT JOIN ref_category USING (category_code)
)

SELECT
    publication_group,
    sex,
    age_completed,
    birth_year_digit,
    is_first_of_january,
    count(*) AS person_count
FROM aged
GROUP BY ALL
