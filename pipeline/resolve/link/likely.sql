-- Candidate pairs that may come to even odds, told before slips are counted: what is equal weighs what it will weigh, what is not weighs
-- what it may at best. Most pairs cannot: they share a rule and nothing more. Hashes stand for names; a hair below even is let through,
-- since sums are rounded.
WITH brief AS (
    SELECT
        no,
        CASE WHEN family IS NOT NULL THEN hash(family) END AS family,
        CASE WHEN given IS NOT NULL THEN hash(given) END AS given,
        CASE WHEN crossed_family IS NOT NULL THEN hash(crossed_family) END AS crossed_family,
        CASE WHEN crossed_given IS NOT NULL THEN hash(crossed_given) END AS crossed_given,
        CASE WHEN patronymic IS NOT NULL THEN hash(patronymic) END AS patronymic,
        CASE WHEN place_code IS NOT NULL THEN hash(place_code) END AS place_code,
        CASE WHEN place_name IS NOT NULL THEN hash(place_name) END AS place_name,
        sex,
        birth,
        national_id,
        family_weight(1) + family_rarity(family_count) AS equal_family,
        given_weight(1) + given_rarity(given_count) AS equal_given,
        patronymic_weight(1) + patronymic_rarity(patronymic_count) AS equal_patronymic,
        birth_date_weight(1) + birth_date_rarity(birth_count) AS equal_birth,
        national_id_weight(1) + national_id_rarity(national_id_count) AS equal_national_id
    FROM record
)

SELECT
    a_no,
    b_no
FROM candidate
JOIN brief AS a ON a_no = a.no
JOIN brief AS b ON b_no = b.no
WHERE one_person_weight() + greatest(name_order_weight(1), name_order_weight(2)) + sex_weight(sex_level(a.sex, b.sex))
    + name_at_best(
        a.family, b.family, b.crossed_family, a.equal_family, greatest(0, family_weight(2), family_weight(3), family_weight(4))
    )
    + name_at_best(
        a.given, b.given, b.crossed_given, a.equal_given, greatest(0, given_weight(2), given_weight(3), given_weight(4))
    )
    + CASE
        WHEN a.patronymic = b.patronymic THEN a.equal_patronymic
        ELSE greatest(0, patronymic_weight(2), patronymic_weight(3))
    END
    + CASE
        WHEN a.place_code = b.place_code OR a.place_name = b.place_name
            THEN greatest(place_weight(1), place_weight(2), place_weight(3))
        ELSE greatest(0, place_weight(4), place_weight(5), place_weight(6), place_weight(7))
    END
    + CASE
        WHEN a.birth = b.birth THEN a.equal_birth
        WHEN is_beyond(2, a.birth, b.birth) THEN greatest(birth_date_weight(5), birth_date_weight(6))
        WHEN a.birth IS NULL OR b.birth IS NULL THEN greatest(0, birth_date_weight(3), birth_date_weight(6))
        ELSE birth_date_weight(
            birth_level(
                a.birth, a.birth[1:4], a.birth[5:6], a.birth[7:8], b.birth, b.birth[1:4], b.birth[5:6], b.birth[7:8]
            )
        )
    END
    + CASE
        WHEN a.national_id = b.national_id THEN a.equal_national_id
        WHEN is_beyond(2, a.national_id, b.national_id) THEN national_id_weight(4)
        ELSE national_id_weight(number_level(a.national_id, b.national_id))
    END >= -0.001
