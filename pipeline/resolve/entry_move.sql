-- What the movements say of those on the lists: the last word of each list entry before the moment.
WITH entry AS (
    SELECT
        document_key.* EXCLUDE (iin),
        CASE WHEN contested_iin.iin IS NULL THEN document_key.iin END AS iin
    FROM document_key
    LEFT JOIN contested_iin USING (iin)
    WHERE document_key.kind = 'entry'
),

move AS (
    SELECT
        document_key.* EXCLUDE (iin, entry_no),
        movement.movement_type,
        movement.movement_no,
        movement.occurred_on,
        movement.occurred_at,
        CASE WHEN contested_iin.iin IS NULL THEN document_key.iin END AS iin
    FROM document_key
    JOIN movement ON document_key.document_id = movement.movement_id
    LEFT JOIN contested_iin ON document_key.iin = contested_iin.iin
    CROSS JOIN round
    WHERE document_key.kind = 'movement'
    AND COALESCE(movement.occurred_at < round.census_moment_at, movement.occurred_on <= round.moment_on)
),

candidate AS (
    SELECT entry.no AS entry_no, move.no AS move_no
    FROM entry
    JOIN move USING (institution_id, iin)
    UNION
    SELECT entry.no AS entry_no, move.no AS move_no
    FROM entry
    JOIN move USING (institution_id, name_hash)
    UNION
    SELECT entry.no AS entry_no, move.no AS move_no
    FROM entry
    JOIN move ON entry.institution_id = move.institution_id AND entry.swap_hash = move.name_hash
    UNION
    SELECT entry.no AS entry_no, move.no AS move_no
    FROM entry
    JOIN move USING (institution_id, birth_on, family_key)
    UNION
    SELECT entry.no AS entry_no, move.no AS move_no
    FROM entry
    JOIN move USING (institution_id, birth_on, given_key)
),

compared AS (
    SELECT
        entry.no AS entry_no,
        move.no AS move_no,
        move.movement_type,
        move.movement_no,
        move.occurred_on,
        move.occurred_at,
        COALESCE(entry.swapped_family = move.family AND entry.swapped_given = move.given, FALSE) AS is_swapped,
        iin_likeness(entry.iin, entry.is_iin_sound, move.iin, move.is_iin_sound) AS iin_like,
        name_likeness(entry.family, entry.family_key, move.family, move.family_key) AS family_like,
        name_likeness(entry.given, entry.given_key, move.given, move.given_key) AS given_like,
        name_likeness(entry.patronymic, entry.patronymic_key, move.patronymic, move.patronymic_key) AS patronymic_like,
        birth_likeness(entry.birth_on, entry.is_birth_exact, move.birth_on, move.is_birth_exact) AS birth_like
    FROM candidate
    JOIN entry ON candidate.entry_no = entry.no
    JOIN move ON candidate.move_no = move.no
),

rated AS (
    SELECT
        *,
        likeness_points(
            iin_like, CASE WHEN is_swapped THEN 2 ELSE family_like END, CASE WHEN is_swapped THEN 2 ELSE given_like END,
            patronymic_like, birth_like
        ) AS points
    FROM compared
    WHERE is_swapped OR iin_like = 2 OR NOT (given_like = -1 AND family_like >= 1)
),

-- A movement speaks of the entry it fits best.
fitting AS (
    SELECT *
    FROM rated
    WHERE points >= 45
    QUALIFY rank() OVER (PARTITION BY move_no ORDER BY points DESC) = 1
)

SELECT
    entry_no,
    movement_type,
    occurred_on
FROM fitting
QUALIFY row_number() OVER (
    PARTITION BY entry_no
    ORDER BY occurred_on DESC, occurred_at DESC NULLS LAST, TRY_CAST(movement_no AS INTEGER) DESC, move_no DESC
) = 1
