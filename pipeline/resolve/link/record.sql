-- One row per record, as it is compared. A number of one digit only (000000000000) is no number. `iin` is what can part two people: a
-- number that holds in itself and says the birth date of the record; another may be somebody else's, typed for want of the true one.
WITH folded AS MATERIALIZED (
    SELECT
        told.no,
        told.record_id,
        family.family,
        given.given,
        patronymic.patronymic,
        -- for names in one another's field
        given.family AS crossed_family,
        family.given AS crossed_given,
        family.sound AS family_sound,
        given.sound AS given_sound,
        told.sex,
        told.birth_year || told.birth_month || told.birth_day AS birth,
        told.birth_year,
        told.birth_month,
        told.birth_day,
        CASE WHEN length(translate(told.national_id, told.national_id[1], '')) > 0 THEN told.national_id END AS national_id,
        nullif(told.place_code, '') AS place_code,
        place.place AS place_name
    FROM told
    LEFT JOIN spelling AS family ON told.family_name = family.raw
    LEFT JOIN spelling AS given ON told.given_name = given.raw
    LEFT JOIN spelling AS patronymic ON told.patronymic = patronymic.raw
    LEFT JOIN spelling AS place ON told.place_name = place.raw
),

families AS (
    SELECT family, count(*) AS family_count FROM folded GROUP BY family
),

givens AS (
    SELECT given, count(*) AS given_count FROM folded GROUP BY given
),

patronymics AS (
    SELECT patronymic, count(*) AS patronymic_count FROM folded GROUP BY patronymic
),

births AS (
    SELECT birth, count(*) AS birth_count FROM folded GROUP BY birth
),

numbers AS (
    SELECT national_id, count(*) AS national_id_count FROM folded GROUP BY national_id
)

SELECT
    folded.*,
    CASE
        WHEN iin_check_ok(national_id) AND iin_is_well_formed(national_id)
            AND COALESCE(strftime(iin_birth_on(national_id), '%Y%m%d') = birth, TRUE)
            THEN national_id
    END AS iin,
    family_count,
    given_count,
    patronymic_count,
    birth_count,
    national_id_count
FROM folded
LEFT JOIN families USING (family)
LEFT JOIN givens USING (given)
LEFT JOIN patronymics USING (patronymic)
LEFT JOIN births USING (birth)
LEFT JOIN numbers USING (national_id)
