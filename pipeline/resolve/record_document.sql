-- Which papers speak of whom: records against list entries and movements, with points for how well they agree.
WITH document AS (
    SELECT
        document_key.* EXCLUDE (iin),
        CASE WHEN contested_iin.iin IS NULL THEN document_key.iin END AS iin
    FROM document_key
    LEFT JOIN contested_iin USING (iin)
),

respondent AS (
    SELECT
        record_key.* EXCLUDE (iin),
        CASE WHEN contested_iin.iin IS NULL THEN record_key.iin END AS iin,
        CASE
            WHEN is_written_known THEN written_id
            ELSE COALESCE(staff_institution_id, device_institution_id, written_id)
        END AS here_id
    FROM record_key
    LEFT JOIN contested_iin USING (iin)
),

candidate AS (
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.iin = d.iin
    UNION
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.name_hash = d.name_hash AND r.birth_on = d.birth_on
    UNION
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.swap_hash = d.name_hash AND r.birth_on = d.birth_on
    UNION
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.name_hash = d.swap_hash AND r.birth_on = d.birth_on
    UNION
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.here_id = d.institution_id AND r.name_hash = d.name_hash
    UNION
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.here_id = d.institution_id AND r.list_entry_no = d.entry_no
    UNION
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.here_id = d.institution_id AND r.birth_on = d.birth_on AND r.family_key = d.family_key
    UNION
    SELECT r.no AS record_no, d.no AS document_no
    FROM respondent AS r
    JOIN document AS d ON r.here_id = d.institution_id AND r.birth_on = d.birth_on AND r.given_key = d.given_key
),

compared AS (
    SELECT
        r.no AS record_no,
        d.no AS document_no,
        d.kind,
        d.institution_id,
        r.here_id IS NOT DISTINCT FROM d.institution_id AS is_here,
        COALESCE(r.here_id = d.institution_id AND r.list_entry_no = d.entry_no, FALSE) AS is_row_named,
        COALESCE(r.swapped_family = d.family AND r.swapped_given = d.given, FALSE)
        OR COALESCE(d.swapped_family = r.family AND d.swapped_given = r.given, FALSE) AS is_swapped,
        iin_likeness(r.iin, r.is_iin_sound, d.iin, d.is_iin_sound) AS iin_like,
        name_likeness(r.family, r.family_key, d.family, d.family_key) AS family_raw_like,
        name_likeness(r.given, r.given_key, d.given, d.given_key) AS given_raw_like,
        name_likeness(r.patronymic, r.patronymic_key, d.patronymic, d.patronymic_key) AS patronymic_like,
        birth_likeness(r.birth_on, r.is_birth_exact, d.birth_on, d.is_birth_exact) AS birth_like
    FROM candidate
    JOIN respondent AS r ON candidate.record_no = r.no
    JOIN document AS d ON candidate.document_no = d.no
),

rated AS (
    SELECT
        *,
        CASE WHEN is_swapped THEN 2 ELSE family_raw_like END AS family_like,
        CASE WHEN is_swapped THEN 2 ELSE given_raw_like END AS given_like,
        likeness_points(
            iin_like, CASE WHEN is_swapped THEN 2 ELSE family_raw_like END,
            CASE WHEN is_swapped THEN 2 ELSE given_raw_like END, patronymic_like, birth_like
        )
        + CASE WHEN is_row_named THEN 25 ELSE 0 END
        + CASE WHEN is_here THEN 5 ELSE 0 END AS points
    FROM compared
)

SELECT
    record_no,
    document_no,
    kind,
    institution_id,
    is_here,
    is_row_named,
    points,
    -- sure enough to hold two records together
    given_like = 2 OR iin_like = 2 OR (is_row_named AND given_like >= 0) AS is_sure
FROM rated
WHERE points >= CASE WHEN is_here THEN 45 ELSE 70 END
AND NOT (given_like = -1 AND family_like >= 1 AND birth_like >= 1 AND iin_like < 2)  -- a brother or sister
