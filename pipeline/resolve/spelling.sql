-- Every spelling of a name once, with its keys: names repeat, folding them is dear.
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
)

SELECT
    raw,
    NULLIF(name_fold(raw), '') AS fold,
    NULLIF(family_stem(raw), '') AS family_stem,
    NULLIF(patronymic_stem(raw), '') AS patronymic_stem,
    NULLIF(name_key(raw), '') AS name_key,
    COALESCE(name_is_placeholder(raw), FALSE) AS is_placeholder,
    -- what is typed while learning the tablet: Тестов Тест, Учебный Пример
    COALESCE(regexp_matches(name_fold(raw), '^(ТЕСТ|УЧЕБН|ПРИМЕР|ПРОБ)'), FALSE) AS is_exercise
FROM spelling
WHERE raw IS NOT NULL
