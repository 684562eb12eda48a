-- How alike two values are: 2 equal, 1 close, 0 one side says nothing, -1 they differ.

-- Equal, or one side says nothing; NULL where the two have to be looked at.
CREATE OR REPLACE MACRO plain_likeness(a, b) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN 2
END;

-- Close: one letter apart, or one phonetic key. Twins' names are close too (Хасен, Хусен): close alone proves nothing.
CREATE OR REPLACE MACRO name_likeness(a, a_key, b, b_key) AS
COALESCE(
    plain_likeness(a, b),
    CASE WHEN a_key = b_key OR levenshtein(name_bytes(a), name_bytes(b)) <= 1 THEN 1 ELSE -1 END
);

-- Close: the same year where one side knows no more, day and month swapped, or the year one off.
CREATE OR REPLACE MACRO birth_likeness(a, a_is_exact, b, b_is_exact) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN CASE WHEN a_is_exact AND b_is_exact THEN 2 ELSE 1 END
    WHEN year(a) = year(b) AND NOT (a_is_exact AND b_is_exact) THEN 1
    WHEN year(a) = year(b) AND month(a) = day(b) AND day(a) = month(b) THEN 1
    WHEN abs(year(a) - year(b)) = 1 AND month(a) = month(b) AND day(a) = day(b) THEN 1
    ELSE -1
END;

-- Numbers that are no neighbours belong to two people: one slip of the hand, not two. That a number fails its check digit
-- does not matter here; such numbers have been issued.
CREATE OR REPLACE MACRO iin_likeness(a, b) AS
COALESCE(plain_likeness(a, b), CASE WHEN iin_is_neighbour(a, b) THEN 1 ELSE -1 END);

-- The same two names in one field or the other: whoever writes them swaps them now and then.
CREATE OR REPLACE MACRO name_pair(family, given) AS
CASE WHEN family IS NOT NULL AND given IS NOT NULL THEN hash(least(family, given), greatest(family, given)) END;

-- Likenesses and points of pairs (a_no, b_no, …) between two tables that carry number, names and birth date under `no`.
-- Where names differ by code, their spellings are looked at; most pairs need no second look.
CREATE OR REPLACE MACRO compared(pairs, a_side, b_side) AS TABLE
WITH faced AS (
    SELECT
        pair.*,
        a.family_no AS a_family_no,
        b.family_no AS b_family_no,
        a.given_no AS a_given_no,
        b.given_no AS b_given_no,
        a.patronymic_no AS a_patronymic_no,
        b.patronymic_no AS b_patronymic_no,
        iin_likeness(a.iin, b.iin) AS iin_like,
        birth_likeness(a.birth_on, a.is_birth_exact, b.birth_on, b.is_birth_exact) AS birth_like,
        COALESCE(a.sex <> b.sex, FALSE) AS is_other_sex,
        plain_likeness(a.family_code, b.family_code) AS family_code_like,
        plain_likeness(a.given_code, b.given_code) AS given_code_like,
        plain_likeness(a.patronymic_code, b.patronymic_code) AS patronymic_code_like,
        COALESCE(a.swapped_family_code = b.family_code AND a.swapped_given_code = b.given_code, FALSE)
        OR COALESCE(b.swapped_family_code = a.family_code AND b.swapped_given_code = a.given_code, FALSE) AS is_swapped
    FROM query_table(pairs) AS pair
    JOIN query_table(a_side) AS a ON pair.a_no = a.no
    JOIN query_table(b_side) AS b ON pair.b_no = b.no
),

plain AS (
    SELECT
        *,
        family_code_like AS family_like,
        given_code_like AS given_like,
        patronymic_code_like AS patronymic_like
    FROM faced
    WHERE family_code_like + given_code_like + patronymic_code_like IS NOT NULL
),

spelled AS (
    SELECT
        faced.*,
        COALESCE(
            family_code_like,
            name_likeness(a_family.family_stem, a_family.name_key, b_family.family_stem, b_family.name_key)
        ) AS family_like,
        COALESCE(given_code_like, name_likeness(a_given.fold, a_given.name_key, b_given.fold, b_given.name_key))
            AS given_like,
        COALESCE(
            patronymic_code_like,
            name_likeness(
                a_patronymic.patronymic_stem, a_patronymic.name_key, b_patronymic.patronymic_stem, b_patronymic.name_key
            )
        ) AS patronymic_like
    FROM faced
    LEFT JOIN spelling AS a_family ON faced.a_family_no = a_family.spelling_no
    LEFT JOIN spelling AS b_family ON faced.b_family_no = b_family.spelling_no
    LEFT JOIN spelling AS a_given ON faced.a_given_no = a_given.spelling_no
    LEFT JOIN spelling AS b_given ON faced.b_given_no = b_given.spelling_no
    LEFT JOIN spelling AS a_patronymic ON faced.a_patronymic_no = a_patronymic.spelling_no
    LEFT JOIN spelling AS b_patronymic ON faced.b_patronymic_no = b_patronymic.spelling_no
    WHERE family_code_like + given_code_like + patronymic_code_like IS NULL
),

looked_at AS (
    SELECT * FROM plain
    UNION ALL
    SELECT * FROM spelled
),

turned AS (
    SELECT
        * REPLACE (
            CASE WHEN is_swapped THEN 2 ELSE family_like END AS family_like,
            CASE WHEN is_swapped THEN 2 ELSE given_like END AS given_like
        )
    FROM looked_at
)

SELECT
    turned.* EXCLUDE (
        a_family_no, b_family_no, a_given_no, b_given_no, a_patronymic_no, b_patronymic_no, family_code_like,
        given_code_like, patronymic_code_like, is_other_sex
    ),
    -- Дамир and Дамира: near names of two sexes are a brother's and a sister's
    given_like = -1 OR (given_like = 1 AND is_other_sex) AS is_given_other,
    likeness_points(iin_like, family_like, given_like, patronymic_like, birth_like) AS points
FROM turned;
