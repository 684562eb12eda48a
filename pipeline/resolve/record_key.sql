-- What can be compared of every current record: blanks applied, names folded, the places it names.
WITH current AS (
    SELECT
        record.record_id,
        record.case_id,
        record.case_status,
        record.is_training,
        record.institution_id AS written_id,
        record.list_entry_no,
        device.institution_id AS device_institution_id,
        staff.institution_id AS staff_institution_id,
        written.institution_id IS NOT NULL AS is_written_known,
        row_number() OVER (ORDER BY record.received_at, record.batch_id, record.record_no) AS no,
        COALESCE(record_check.blanked_columns, []) AS blanked
    FROM record
    JOIN case_record USING (record_id)
    LEFT JOIN record_check USING (record_id)
    LEFT JOIN institution AS written ON record.institution_id = written.institution_id
    LEFT JOIN device USING (device_id)
    LEFT JOIN staff USING (staff_id)
    WHERE case_record.standing = 'current'
),

known AS (
    SELECT
        current.*,
        CASE WHEN iin_is_well_formed(identity.iin) AND NOT list_contains(blanked, 'iin') THEN identity.iin END AS iin,
        CASE WHEN NOT list_contains(blanked, 'birth_on') THEN identity.birth_on END AS birth_on,
        CASE WHEN NOT list_contains(blanked, 'sex') THEN identity.sex END AS sex,
        identity.birth_date_precision,
        identity.family_name,
        identity.given_name,
        identity.patronymic
    FROM current
    JOIN identity USING (record_id)
)

SELECT
    known.no,
    known.record_id,
    known.case_id,
    known.case_status,
    COALESCE(known.is_training, FALSE) AS is_training,
    known.written_id,
    known.is_written_known,
    known.device_institution_id,
    known.staff_institution_id,
    known.list_entry_no,
    known.iin,
    COALESCE(iin_check_ok(known.iin), FALSE) AS is_iin_sound,
    known.sex,
    known.birth_on,
    known.birth_date_precision,
    COALESCE(known.birth_date_precision, 'DAY') = 'DAY' AND strftime(known.birth_on, '%m%d') <> '0101' AS is_birth_exact,
    COALESCE(family.is_placeholder, FALSE) OR COALESCE(given.is_placeholder, FALSE) AS is_placeholder,
    COALESCE(family.is_exercise AND given.is_exercise, FALSE) AS is_exercise,
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
FROM known
LEFT JOIN spelling AS family ON known.family_name = family.raw
LEFT JOIN spelling AS given ON known.given_name = given.raw
LEFT JOIN spelling AS patronymic ON known.patronymic = patronymic.raw
