-- One row per record, as it is compared. A number of one digit only (000000000000) is no number. `iin` is what can part two people: a
-- number that holds in itself and says the birth date of the record; another may be somebody else's, typed for want of the true one.
WITH folded AS (
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
)

SELECT
    *,
    CASE
        WHEN iin_check_ok(national_id) AND iin_is_well_formed(national_id)
            AND COALESCE(strftime(iin_birth_on(national_id), '%Y%m%d') = birth, TRUE)
            THEN national_id
    END AS iin,
    CASE WHEN family IS NOT NULL THEN count(*) OVER (PARTITION BY family) END AS family_count,
    CASE WHEN given IS NOT NULL THEN count(*) OVER (PARTITION BY given) END AS given_count,
    CASE WHEN patronymic IS NOT NULL THEN count(*) OVER (PARTITION BY patronymic) END AS patronymic_count,
    CASE WHEN birth IS NOT NULL THEN count(*) OVER (PARTITION BY birth) END AS birth_count,
    CASE WHEN national_id IS NOT NULL THEN count(*) OVER (PARTITION BY national_id) END AS national_id_count
FROM folded
