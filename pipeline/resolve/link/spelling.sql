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
    letters(fold) AS place,
    CASE WHEN NOT is_placeholder THEN letters(fold) END AS given,
    letters(family_stem) AS family,
    letters(patronymic_stem) AS patronymic,
    letters(name_key) AS sound
FROM name_keys('spelled')
WHERE raw IS NOT NULL
