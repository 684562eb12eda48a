-- Every spelling of a name once, with its keys: names repeat, folding them is dear. What is equal has one code.
WITH spelling AS (
    SELECT family_name AS raw FROM identity
    UNION
    SELECT given_name FROM identity
    UNION
    SELECT patronymic FROM identity
    UNION
    SELECT family_name FROM list_identity
    UNION
    SELECT given_name FROM list_identity
    UNION
    SELECT patronymic FROM list_identity
    UNION
    SELECT family_name FROM movement_identity
    UNION
    SELECT given_name FROM movement_identity
    UNION
    SELECT patronymic FROM movement_identity
),

folded AS (
    SELECT
        raw,
        COALESCE(name_is_placeholder(raw), FALSE) AS is_placeholder,
        name_fold(raw) AS fold,
        family_stem(raw) AS family_stem,
        patronymic_stem(raw) AS patronymic_stem,
        name_key(raw) AS name_key
    FROM spelling
    WHERE raw IS NOT NULL
),

known AS (
    SELECT
        raw,
        is_placeholder,
        -- what is typed while learning the tablet: Тестов Тест, Учебный Пример
        COALESCE(regexp_matches(fold, '^(ТЕСТ|УЧЕБН|ПРИМЕР|ПРОБ)'), FALSE) AS is_exercise,
        CASE WHEN NOT is_placeholder THEN NULLIF(fold, '') END AS fold,
        CASE WHEN NOT is_placeholder THEN NULLIF(family_stem, '') END AS family_stem,
        CASE WHEN NOT is_placeholder THEN NULLIF(patronymic_stem, '') END AS patronymic_stem,
        CASE WHEN NOT is_placeholder THEN NULLIF(name_key, '') END AS name_key
    FROM folded
)

SELECT
    *,
    row_number() OVER (ORDER BY raw)::INTEGER AS spelling_no,
    CASE WHEN fold IS NOT NULL THEN dense_rank() OVER (ORDER BY fold)::INTEGER END AS given_code,
    CASE WHEN family_stem IS NOT NULL THEN dense_rank() OVER (ORDER BY family_stem)::INTEGER END AS family_code,
    CASE WHEN patronymic_stem IS NOT NULL THEN dense_rank() OVER (ORDER BY patronymic_stem)::INTEGER END AS patronymic_code
FROM known
