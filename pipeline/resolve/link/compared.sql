-- How alike the two records of a pair are, field by field, as levels of the model.
-- Names are laid crosswise where they fit clearly better so. Two valid numbers part two records whatever else agrees, unless they are one
-- slip apart and the given name is the same: twins have numbers a slip apart, and near names.
CREATE OR REPLACE TEMP MACRO compared(pairs) AS TABLE
WITH faced AS (
    SELECT
        a_no,
        b_no,
        a.family AS a_family,
        a.given AS a_given,
        b.family AS b_family,
        b.given AS b_given,
        b.crossed_family,
        b.crossed_given,
        CASE
            WHEN a.given = b.given OR a.family = b.family THEN FALSE
            ELSE COALESCE(
                names_likeness(a.given, a.family, b.crossed_given, b.crossed_family)
                > names_likeness(a.given, a.family, b.given, b.family) + 0.3,
                FALSE
            )
        END AS is_crossed,
        patronymic_level(a.patronymic, b.patronymic) AS patronymic,
        sex_level(a.sex, b.sex) AS sex,
        birth_level(
            a.birth, a.birth_year, a.birth_month, a.birth_day, b.birth, b.birth_year, b.birth_month, b.birth_day
        ) AS birth_date,
        number_level(a.national_id, b.national_id) AS national_id,
        place_level(a.place_code, a.place_name, b.place_code, b.place_name) AS place,
        COALESCE(a.iin <> b.iin, FALSE) AS is_two_numbers
    FROM query_table(pairs)
    JOIN record AS a ON a_no = a.no
    JOIN record AS b ON b_no = b.no
),

ordered AS (
    SELECT
        * REPLACE (
            CASE WHEN is_crossed THEN crossed_family ELSE b_family END AS b_family,
            CASE WHEN is_crossed THEN crossed_given ELSE b_given END AS b_given
        )
    FROM faced
),

likened AS (
    SELECT
        *,
        CASE WHEN a_family <> b_family THEN jaro_winkler_similarity(a_family, b_family) END AS family_likeness,
        CASE WHEN a_given <> b_given THEN jaro_winkler_similarity(a_given, b_given) END AS given_likeness
    FROM ordered
)

SELECT
    a_no,
    b_no,
    name_level(a_family, b_family, family_likeness) AS family,
    name_level(a_given, b_given, given_likeness) AS given,
    CASE WHEN is_crossed THEN 2 ELSE 1 END AS name_order,
    patronymic,
    sex,
    birth_date,
    national_id,
    place,
    is_two_numbers AND NOT (national_id = 2 AND COALESCE(a_given = b_given, FALSE)) AS is_parted
FROM likened
