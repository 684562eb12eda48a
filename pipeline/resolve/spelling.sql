-- Every spelling of a name once, with its keys: names repeat, folding them is dear. What is equal has one code.
-- A patronymic typed behind a given name is a spelling of its own, and so is each word of a staff member's name.
WITH spelling AS (
    SELECT alone AS raw FROM given_part
    UNION
    SELECT patronymic_within FROM given_part
    UNION
    SELECT unnest(string_split(full_name, ' ')) FROM staff_identity
    UNION
    SELECT family_name FROM identity
    UNION
    SELECT patronymic FROM identity
    UNION
    SELECT family_name FROM list_identity
    UNION
    SELECT patronymic FROM list_identity
    UNION
    SELECT family_name FROM movement_identity
    UNION
    SELECT patronymic FROM movement_identity
    UNION
    SELECT family_name FROM verification_identity
    UNION
    SELECT patronymic FROM verification_identity
),

known AS (
    SELECT
        raw,
        is_placeholder,
        -- what is typed while learning the tablet: Тестов Тест, Учебный Пример
        COALESCE(regexp_matches(fold, '^(ТЕСТ|УЧЕБН|ПРИМЕР|ПРОБ)'), FALSE) AS is_exercise,
        CASE WHEN NOT is_placeholder THEN fold END AS fold,
        CASE WHEN NOT is_placeholder THEN family_stem END AS family_stem,
        CASE WHEN NOT is_placeholder THEN patronymic_stem END AS patronymic_stem,
        CASE WHEN NOT is_placeholder THEN name_key END AS name_key
    FROM name_keys('spelling')
    WHERE raw IS NOT NULL
)

SELECT
    *,
    row_number() OVER (ORDER BY raw)::INTEGER AS spelling_no,
    CASE WHEN fold IS NOT NULL THEN dense_rank() OVER (ORDER BY fold)::INTEGER END AS given_code,
    CASE WHEN family_stem IS NOT NULL THEN dense_rank() OVER (ORDER BY family_stem)::INTEGER END AS family_code,
    CASE WHEN patronymic_stem IS NOT NULL THEN dense_rank() OVER (ORDER BY patronymic_stem)::INTEGER END AS patronymic_code
FROM known
