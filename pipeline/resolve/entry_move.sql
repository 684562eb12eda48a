-- What the movements say of those on the lists: the last word on each entry before the moment. A movement speaks of the entry it
-- fits best.
WITH fitting AS (
    SELECT
        a_no,
        b_no
    FROM compared('move_pair', 'document_key', 'document_key')
    WHERE points >= 45
    AND NOT (is_given_other AND family_like >= 1 AND iin_like < 2)
    AND NOT (family_like = -1 AND iin_like < 1)
    QUALIFY rank() OVER (PARTITION BY b_no ORDER BY points DESC) = 1
)

SELECT
    fitting.a_no AS entry_no,
    document_key.movement_type
FROM fitting
JOIN document_key ON fitting.b_no = document_key.no
QUALIFY row_number() OVER (
    PARTITION BY fitting.a_no
    ORDER BY
        document_key.occurred_on DESC, document_key.occurred_at DESC NULLS LAST, document_key.movement_no DESC NULLS LAST,
        document_key.no DESC
) = 1
