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
    name_bytes(fold) AS place,
    CASE WHEN NOT is_placeholder THEN name_bytes(fold) END AS given,
    name_bytes(family_stem) AS family,
    name_bytes(patronymic_stem) AS patronymic,
    name_bytes(name_key) AS sound
FROM name_keys('spelled')
WHERE raw IS NOT NULL
