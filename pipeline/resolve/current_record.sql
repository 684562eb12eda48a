-- Every record that stands for its case, with all this step needs of it, read once. Blanked values are empty, names are codes of
-- `spelling`; `no` follows the order of receipt.
WITH numbered_batch AS (
    SELECT
        batch_id,
        row_number() OVER (ORDER BY received_at, batch_id) AS batch_no
    FROM batch
),

set_aside AS (
    SELECT record_id
    FROM case_standing
    WHERE standing <> 'current'
),

-- A person taken off a roster is in no row of its newer version: that is a withdrawal, though no line says so. Only rows that stand make
-- a version; a row that is held there is still a row.
roster AS (
    SELECT
        record.roster_case_id,
        max(record.case_version) AS case_version
    FROM record
    ANTI JOIN set_aside USING (record_id)
    WHERE record.roster_case_id IS NOT NULL
    AND record.case_status IS DISTINCT FROM 'draft' AND record.is_training IS NOT TRUE
    GROUP BY record.roster_case_id
),

roster_row AS (
    SELECT
        case_id,
        max(case_version) AS case_version
    FROM record
    WHERE roster_case_id IS NOT NULL AND read_error IS NULL
    GROUP BY case_id
),

taken_off AS (
    SELECT record.record_id
    FROM record
    JOIN roster USING (roster_case_id)
    JOIN roster_row USING (case_id)
    WHERE roster_row.case_version < roster.case_version
),

told AS (
    SELECT
        record.record_id,
        record.case_id,
        CASE WHEN taken_off.record_id IS NULL THEN record.case_status ELSE 'withdrawn' END AS case_status,
        known_mode(record.mode) AS mode,
        record.form_code,
        record.list_entry_no,
        record.received_at,
        record.completed_at,
        record.institution_id AS written_id,
        numbered_batch.batch_no * 4294967296 + record.record_no AS no,
        COALESCE(record.is_training, FALSE) AS is_marked_training,
        COALESCE(record.mode = 'tablet' AND record.started_at < round.tablet_start_at, FALSE) AS is_early,
        COALESCE(
            answers.is_proxy AND answers.proxy_source = 'ADMINISTRATION'
            AND date_diff('second', record.started_at, record.completed_at) BETWEEN 0 AND 60 * round.unconfirmed_below_minutes - 1, FALSE
        ) AS is_quick_proxy,
        record.staff_id,
        staff.institution_id AS staff_institution_id,
        device.institution_id AS device_institution_id,
        institution.institution_id IS NOT NULL AS is_written_known,
        identity.iin,
        identity.sex,
        identity.birth_on,
        identity.birth_date_precision,
        identity.family_name,
        given_part.alone AS given_name,
        COALESCE(identity.patronymic, given_part.patronymic_within) AS patronymic,
        answers.age_stated,
        answers.birth_time,
        answers.death_on,
        answers.death_time,
        answers.position_in_institution,
        answers.presence_reason,
        answers.residence_status,
        answers.stay_duration,
        answers.stay_from_on,
        answers.stay_to_on,
        answers.has_other_home,
        answers.usual_address_kato,
        answers.citizenship,
        COALESCE(answers.is_proxy, FALSE) AS is_proxy,
        answers.proxy_reason,
        -- who is believed first in dates, numbers and citizenship: a document, the person, then others from memory
        CASE
            WHEN answers.is_proxy IS NOT TRUE THEN 2
            WHEN answers.proxy_source = 'DOCUMENT' THEN 1
            WHEN answers.proxy_source IN ('LEGAL_REPRESENTATIVE', 'RELATIVE') THEN 3
            ELSE 4
        END AS fact_rank
    FROM record
    -- joined to one another first: the engine lays one side of a join down in memory, and so that is never all three
    LEFT JOIN (kept_identity AS identity JOIN kept_answers AS answers USING (record_id)) USING (record_id)
    ANTI JOIN set_aside USING (record_id)
    JOIN numbered_batch USING (batch_id)
    LEFT JOIN taken_off USING (record_id)
    LEFT JOIN given_part ON identity.given_name = given_part.given_name
    LEFT JOIN staff USING (staff_id)
    LEFT JOIN device USING (device_id)
    LEFT JOIN institution ON record.institution_id = institution.institution_id
    CROSS JOIN round
)

SELECT
    told.* EXCLUDE (iin, family_name, given_name, patronymic, is_marked_training),
    CASE WHEN iin_is_well_formed(told.iin) THEN told.iin END AS iin,
    NULL::VARCHAR AS contested_iin,
    COALESCE(told.birth_date_precision, 'DAY') = 'DAY' AND (month(told.birth_on) > 1 OR day(told.birth_on) > 1)
        AS is_birth_exact,
    COALESCE(family.is_placeholder, FALSE) OR COALESCE(given.is_placeholder, FALSE) AS is_placeholder,
    -- what is typed while learning the tablet is training, marked as it or not
    told.is_marked_training OR COALESCE(told.is_early AND family.is_exercise AND given.is_exercise, FALSE) AS is_training,
    -- training, drafts and withdrawals speak of nobody
    is_training OR COALESCE(told.case_status IN ('draft', 'withdrawn'), FALSE) AS is_silent,
    family.spelling_no AS family_no,
    given.spelling_no AS given_no,
    patronymic.spelling_no AS patronymic_no,
    family.family_code,
    given.given_code,
    patronymic.patronymic_code,
    given.family_code AS swapped_family_code,
    family.given_code AS swapped_given_code,
    name_pair(family.family_code, given.family_code) AS names,
    CASE
        WHEN told.is_written_known THEN told.written_id
        ELSE COALESCE(told.staff_institution_id, told.device_institution_id, told.written_id)
    END AS here_id
FROM told
LEFT JOIN spelling AS family ON told.family_name = family.raw
LEFT JOIN spelling AS given ON told.given_name = given.raw
LEFT JOIN spelling AS patronymic ON told.patronymic = patronymic.raw
