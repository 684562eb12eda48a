-- Every list entry and the entry that stands for it: a person written down twice on one list is one.
WITH entry AS (
    SELECT
        document_key.* EXCLUDE (iin),
        list_entry.admitted_on,
        CASE WHEN contested_iin.iin IS NULL THEN document_key.iin END AS iin
    FROM document_key
    JOIN list_entry ON document_key.document_id = list_entry.entry_id
    LEFT JOIN contested_iin USING (iin)
    WHERE document_key.kind = 'entry'
),

candidate AS (
    SELECT a.no AS a_no, b.no AS b_no
    FROM entry AS a
    JOIN entry AS b USING (institution_id, iin)
    WHERE a.no <> b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no
    FROM entry AS a
    JOIN entry AS b USING (institution_id, name_hash)
    WHERE a.no <> b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no
    FROM entry AS a
    JOIN entry AS b ON a.institution_id = b.institution_id AND a.swap_hash = b.name_hash
    WHERE a.no <> b.no
),

compared AS (
    SELECT
        a.no AS a_no,
        b.no AS b_no,
        COALESCE(a.admitted_on <> b.admitted_on, FALSE) AS is_admitted_apart,
        b.entry_no AS b_entry_no,
        a.entry_no AS a_entry_no,
        (a.swapped_family = b.family AND a.swapped_given = b.given)
        OR (b.swapped_family = a.family AND b.swapped_given = a.given) AS is_swapped,
        iin_likeness(a.iin, a.is_iin_sound, b.iin, b.is_iin_sound) AS iin_like,
        name_likeness(a.family, a.family_key, b.family, b.family_key) AS family_like,
        name_likeness(a.given, a.given_key, b.given, b.given_key) AS given_like,
        name_likeness(a.patronymic, a.patronymic_key, b.patronymic, b.patronymic_key) AS patronymic_like,
        birth_likeness(a.birth_on, a.is_birth_exact, b.birth_on, b.is_birth_exact) AS birth_like
    FROM candidate
    JOIN entry AS a ON candidate.a_no = a.no
    JOIN entry AS b ON candidate.b_no = b.no
),

double AS (
    SELECT
        a_no AS no,
        b_no AS earlier_no
    FROM compared
    WHERE (COALESCE(b_entry_no, 0), b_no) < (COALESCE(a_entry_no, 0), a_no)
    AND iin_like >= 0
    AND patronymic_like >= 0
    -- namesakes born on one day came on different days
    AND (iin_like >= 1 OR NOT is_admitted_apart)
    AND (is_swapped IS TRUE OR given_like = 2 OR (given_like = 1 AND iin_like = 2))
    AND (is_swapped IS TRUE OR family_like >= 1 OR iin_like = 2)
    AND (birth_like = 2 OR (birth_like >= 0 AND iin_like >= 1))
)

SELECT
    entry.no,
    COALESCE(min(double.earlier_no), entry.no) AS canon_no
FROM entry
LEFT JOIN double USING (no)
GROUP BY entry.no
