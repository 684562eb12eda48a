-- Numbers that stand for different people: birth dates differ, and given names, or family name and father's name, as well; or all three
-- names, and the birth dates are not the same to the day.
-- They are set aside for all who bear them; whose they are is never decided. A record that speaks of nobody contests nothing.
WITH bearer AS (
    SELECT iin, birth_on, is_birth_exact, family_no, given_no, patronymic_no, names
    FROM current_record
    WHERE iin IS NOT NULL AND NOT is_silent
    UNION ALL
    SELECT iin, birth_on, is_birth_exact, family_no, given_no, patronymic_no, names
    FROM document_key
    WHERE iin IS NOT NULL
),

doubted AS (
    SELECT iin
    FROM bearer
    GROUP BY iin
    HAVING min(birth_on) <> max(birth_on) AND (min(names) <> max(names) OR count(names) < count(*))
),

face AS (
    SELECT DISTINCT
        bearer.iin,
        bearer.birth_on,
        bearer.is_birth_exact,
        family.family_stem AS family,
        family.fold AS swapped_given,
        family.name_key AS family_key,
        given.fold AS given,
        given.name_key AS given_key,
        patronymic.patronymic_stem AS patronymic,
        patronymic.name_key AS patronymic_key
    FROM bearer
    SEMI JOIN doubted USING (iin)
    LEFT JOIN spelling AS family ON bearer.family_no = family.spelling_no
    LEFT JOIN spelling AS given ON bearer.given_no = given.spelling_no
    LEFT JOIN spelling AS patronymic ON bearer.patronymic_no = patronymic.spelling_no
)

SELECT DISTINCT a.iin
FROM face AS a
JOIN face AS b ON a.iin = b.iin
CROSS JOIN LATERAL (
    SELECT
        birth_likeness(a.birth_on, a.is_birth_exact, b.birth_on, b.is_birth_exact) AS birth_like,
        name_likeness(a.given, a.given_key, b.given, b.given_key) AS given_like,
        name_likeness(a.family, a.family_key, b.family, b.family_key) AS family_like,
        name_likeness(a.patronymic, a.patronymic_key, b.patronymic, b.patronymic_key) AS patronymic_like,
        given_like = -1 AS is_given_different,
        -- a newborn without a given name has no father's name either
        family_like = -1 AND (patronymic_like = -1 OR (given_like = 0 AND patronymic_like = 0)) AS is_family_different
) AS likeness
WHERE likeness.birth_like < 2
AND (likeness.is_given_different OR likeness.is_family_different)
AND (likeness.birth_like = -1 OR (likeness.is_given_different AND likeness.is_family_different))
AND a.given IS DISTINCT FROM b.swapped_given
AND b.given IS DISTINCT FROM a.swapped_given
