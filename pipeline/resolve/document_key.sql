-- Every paper that names a person, list entries and movements, with what can be compared; keyed as records are.
WITH paper AS (
    SELECT
        list_entry.entry_id AS document_id,
        TRUE AS is_entry,
        list_entry.institution_id,
        list_entry.entry_no,
        list_entry.admitted_on,
        list_entry.note_code,
        list_identity.* EXCLUDE (entry_id, full_name_raw)
    FROM list_entry
    JOIN list_identity USING (entry_id)
    UNION ALL BY NAME
    SELECT
        movement.movement_id AS document_id,
        FALSE AS is_entry,
        movement.institution_id,
        movement.movement_type,
        movement.occurred_on,
        movement.occurred_at,
        TRY_CAST(movement.movement_no AS INTEGER) AS movement_no,
        movement.other_institution_id,
        movement.other_kato,
        COALESCE(movement.occurred_at < round.census_moment_at, movement.occurred_on <= round.moment_on) AS is_before,
        movement_identity.* EXCLUDE (movement_id)
    FROM movement
    JOIN movement_identity USING (movement_id)
    CROSS JOIN round
)

SELECT
    paper.* EXCLUDE (iin, family_name, given_name, patronymic),
    row_number() OVER (ORDER BY paper.is_entry, paper.document_id) AS no,
    CASE WHEN iin_is_well_formed(paper.iin) THEN paper.iin END AS iin,
    COALESCE(paper.birth_date_precision, 'DAY') = 'DAY' AND (month(paper.birth_on) > 1 OR day(paper.birth_on) > 1)
        AS is_birth_exact,
    COALESCE(family.is_placeholder, FALSE) OR COALESCE(given.is_placeholder, FALSE) AS is_placeholder,
    family.spelling_no AS family_no,
    given.spelling_no AS given_no,
    patronymic.spelling_no AS patronymic_no,
    family.family_code,
    given.given_code,
    patronymic.patronymic_code,
    given.family_code AS swapped_family_code,
    family.given_code AS swapped_given_code,
    name_pair(family.family_code, given.family_code) AS names
FROM paper
LEFT JOIN spelling AS family ON paper.family_name = family.raw
LEFT JOIN given_part ON paper.given_name = given_part.given_name
LEFT JOIN spelling AS given ON given_part.alone = given.raw
LEFT JOIN spelling AS patronymic ON COALESCE(paper.patronymic, given_part.patronymic_within) = patronymic.raw
