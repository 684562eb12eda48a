-- What can be compared of every paper that names a person: list entries and movements, keyed as records are.
WITH paper AS (
    SELECT
        'entry' AS kind,
        list_entry.entry_id AS document_id,
        list_entry.institution_id,
        list_entry.entry_no,
        list_identity.* EXCLUDE (entry_id, full_name_raw)
    FROM list_entry
    JOIN list_identity USING (entry_id)
    UNION ALL BY NAME
    SELECT
        'movement' AS kind,
        movement.movement_id AS document_id,
        movement.institution_id,
        NULL AS entry_no,
        movement_identity.* EXCLUDE (movement_id)
    FROM movement
    JOIN movement_identity USING (movement_id)
)

SELECT
    row_number() OVER (ORDER BY paper.kind, paper.document_id) AS no,
    paper.kind,
    paper.document_id,
    paper.institution_id,
    paper.entry_no,
    CASE WHEN iin_is_well_formed(paper.iin) THEN paper.iin END AS iin,
    COALESCE(iin_check_ok(paper.iin), FALSE) AS is_iin_sound,
    paper.sex,
    paper.birth_on,
    COALESCE(paper.birth_date_precision, 'DAY') = 'DAY' AND strftime(paper.birth_on, '%m%d') <> '0101' AS is_birth_exact,
    CASE WHEN NOT COALESCE(family.is_placeholder, FALSE) THEN family.family_stem END AS family,
    CASE WHEN NOT COALESCE(given.is_placeholder, FALSE) THEN given.fold END AS given,
    patronymic.patronymic_stem AS patronymic,
    family.name_key AS family_key,
    given.name_key AS given_key,
    patronymic.name_key AS patronymic_key,
    given.family_stem AS swapped_family,
    family.fold AS swapped_given,
    CASE
        WHEN family.family_stem IS NOT NULL AND given.fold IS NOT NULL AND NOT family.is_placeholder AND NOT given.is_placeholder
            THEN hash(family.family_stem, given.fold)
    END AS name_hash,
    CASE
        WHEN given.family_stem IS NOT NULL AND family.fold IS NOT NULL AND NOT family.is_placeholder AND NOT given.is_placeholder
            THEN hash(given.family_stem, family.fold)
    END AS swap_hash
FROM paper
LEFT JOIN spelling AS family ON paper.family_name = family.raw
LEFT JOIN spelling AS given ON paper.given_name = given.raw
LEFT JOIN spelling AS patronymic ON paper.patronymic = patronymic.raw
