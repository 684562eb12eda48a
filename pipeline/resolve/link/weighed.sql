-- Every candidate pair that may be one person, with its weight: log2 of the odds for it, against two strangers and two of one family. An
-- equal value weighs by how rare it is in the file, as far as the file can tell.
WITH shared AS (
    SELECT
        pair.*,
        a.birth_count,
        a.national_id_count,
        family_weight(pair.family) + patronymic_weight(pair.patronymic) + place_weight(pair.place)
        + CASE WHEN pair.family = 1 THEN family_rarity(a.family_count) ELSE 0 END
        + CASE WHEN pair.patronymic = 1 THEN patronymic_rarity(a.patronymic_count) ELSE 0 END AS family_weight,
        CASE WHEN pair.given = 1 THEN given_rarity(a.given_count) ELSE 0 END AS given_rarity,
        CASE WHEN pair.birth_date = 1 THEN birth_date_rarity(a.birth_count) ELSE 0 END AS birth_rarity,
        CASE WHEN pair.national_id = 1 THEN national_id_rarity(a.national_id_count) ELSE 0 END AS number_rarity
    FROM pair
    JOIN record AS a ON a_no = a.no
    WHERE NOT pair.is_parted
),

explained AS (
    SELECT
        a_no,
        b_no,
        one_person_weight() + family_weight + given_rarity + birth_rarity + number_rarity
        + given_weight(given) + name_order_weight(name_order) + sex_weight(sex)
        + birth_date_weight(birth_date) + national_id_weight(national_id) AS one_person,
        one_family_weight() + family_weight + given_rarity + birth_rarity
        + kin_given_weight(given) + kin_birth_date_weight(birth_date) AS one_family
    FROM shared
),

weighed AS (
    SELECT
        a_no,
        b_no,
        one_person - log2(1 + pow(2, one_family)) AS weight
    FROM explained
)

SELECT
    a_no,
    b_no,
    weight
FROM weighed
WHERE weight >= 0
