-- Every candidate pair that may be one person, with its weight: log2 of the odds for it, against two strangers and two of one family. An
-- equal value weighs by how rare it is in the file, as far as the file can tell; `parameters` is the model, as one row.
WITH shared AS (
    SELECT
        pair.*,
        parameters.*,
        a.birth_count,
        a.national_id_count,
        family_weights[pair.family + 1] + patronymic_weights[pair.patronymic + 1] + place_weights[pair.place + 1]
        + CASE WHEN pair.family = 1 THEN rarity(a.family_count, records, family_share) ELSE 0 END
        + CASE WHEN pair.patronymic = 1 THEN rarity(a.patronymic_count, records, patronymic_share) ELSE 0 END AS family_weight,
        CASE WHEN pair.given = 1 THEN rarity(a.given_count, records, given_share) ELSE 0 END AS given_rarity,
        CASE WHEN pair.birth_date = 1 THEN rarity(a.birth_count, records, birth_date_share) ELSE 0 END AS birth_rarity,
        CASE WHEN pair.national_id = 1 THEN rarity(a.national_id_count, records, national_id_share) ELSE 0 END AS number_rarity
    FROM pair
    CROSS JOIN parameters
    JOIN record AS a ON a_no = a.no
    WHERE NOT pair.is_parted
),

explained AS (
    SELECT
        a_no,
        b_no,
        one_person_weight + family_weight + given_rarity + birth_rarity + number_rarity
        + given_weights[given + 1] + name_order_weights[name_order + 1] + sex_weights[sex + 1]
        + birth_date_weights[birth_date + 1] + national_id_weights[national_id + 1] AS one_person,
        one_family_weight + family_weight + given_rarity + birth_rarity
        + kin_given_weights[given + 1] + kin_birth_date_weights[birth_date + 1] AS one_family
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
