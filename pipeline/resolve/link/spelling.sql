-- Every spelling of a name or a place in the file, once, with the keys made of it.
WITH spelled AS (
    SELECT family_name AS raw FROM told
    UNION
    SELECT given_name FROM told
    UNION
    SELECT patronymic FROM told
    UNION
    SELECT place_name FROM told
)

SELECT
    raw,
    letters(name_fold(raw)) AS place,
    CASE WHEN NOT name_is_placeholder(raw) THEN letters(name_fold(raw)) END AS given,
    letters(family_stem(raw)) AS family,
    letters(patronymic_stem(raw)) AS patronymic,
    letters(name_key(raw)) AS sound
FROM spelled
WHERE raw IS NOT NULL
