-- Numbers that stand for different people: birth dates differ, and given names, or family name and father's name, as well.
-- They are set aside for all who bear them; whose they are is never decided.
WITH bearer AS (
    SELECT
        iin, name_hash, given, given_key, family, family_key, patronymic, patronymic_key, swapped_given, birth_on, is_birth_exact
    FROM record_key
    WHERE iin IS NOT NULL
    UNION ALL
    SELECT
        iin, name_hash, given, given_key, family, family_key, patronymic, patronymic_key, swapped_given, birth_on, is_birth_exact
    FROM document_key
    WHERE iin IS NOT NULL
),

doubted AS (
    SELECT iin
    FROM bearer
    GROUP BY iin
    HAVING min(name_hash) <> max(name_hash) AND min(birth_on) <> max(birth_on)
),

face AS (
    SELECT DISTINCT bearer.* EXCLUDE (name_hash)
    FROM bearer
    SEMI JOIN doubted USING (iin)
)

SELECT DISTINCT a.iin
FROM face AS a
JOIN face AS b ON a.iin = b.iin
WHERE birth_likeness(a.birth_on, a.is_birth_exact, b.birth_on, b.is_birth_exact) = -1
AND (
    name_likeness(a.given, a.given_key, b.given, b.given_key) = -1
    OR (
        name_likeness(a.family, a.family_key, b.family, b.family_key) = -1
        AND name_likeness(a.patronymic, a.patronymic_key, b.patronymic, b.patronymic_key) = -1
    )
)
AND a.given IS DISTINCT FROM b.swapped_given
AND b.given IS DISTINCT FROM a.swapped_given
