-- Scope and the two places of every current record, by the residence table of the round and the best evidence there is:
-- papers before stated dates before the reported status.
WITH member AS (
    SELECT
        record_key.*,
        record_place.institution_id,
        record_place.relocation_reason,
        COALESCE(joined.cluster_no, record_key.no) AS cluster_no,
        joined.tier,
        contested_iin.iin IS NOT NULL AS is_contested
    FROM record_key
    JOIN record_place USING (no)
    LEFT JOIN joined ON record_key.no = joined.record_no
    LEFT JOIN contested_iin ON record_key.iin = contested_iin.iin
),

told AS (
    SELECT
        member.*,
        stay.* EXCLUDE (cluster_no, institution_id),
        record.form_code,
        COALESCE(record.mode = 'tablet' AND record.started_at < round.tablet_start_at, FALSE) AS is_early,
        residence_rule.pattern,
        answers.birth_time,
        answers.death_on,
        answers.death_time,
        answers.position_in_institution,
        answers.presence_reason,
        answers.citizenship,
        round.zone,
        round.census_moment_at,
        round.moment_on
    FROM member
    JOIN record USING (record_id)
    JOIN answers USING (record_id)
    LEFT JOIN stay ON member.cluster_no = stay.cluster_no AND member.institution_id IS NOT DISTINCT FROM stay.institution_id
    LEFT JOIN institution ON member.institution_id = institution.institution_id
    LEFT JOIN residence_rule USING (category_code)
    CROSS JOIN round
),

-- To the minute in UTC on the eve; a birth without a time is in, a death on the eve without a time is out.
vital AS (
    SELECT
        *,
        CASE
            WHEN birth_on > moment_on THEN TRUE
            WHEN birth_on = moment_on
                THEN COALESCE(
                    ((birth_on + TRY_CAST(birth_time AS TIME)) AT TIME ZONE zone) AT TIME ZONE 'UTC' >= census_moment_at,
                    FALSE
                )
            ELSE FALSE
        END AS is_born_after,
        COALESCE(birth_on = moment_on AND TRY_CAST(birth_time AS TIME) IS NULL, FALSE) AS is_birth_time_unknown,
        CASE
            WHEN died_on IS NOT NULL THEN is_dead_before
            WHEN death_on < moment_on THEN TRUE
            WHEN death_on = moment_on
                THEN COALESCE(
                    ((death_on + TRY_CAST(death_time AS TIME)) AT TIME ZONE zone) AT TIME ZONE 'UTC' < census_moment_at,
                    TRUE
                )
            ELSE FALSE
        END AS is_dead
    FROM told
),

-- Where the person was at the moment, as seen from this institution, and what says so.
located AS (
    SELECT
        *,
        CASE
            WHEN last_type IN ('DISCHARGE', 'TRANSFER_OUT') THEN 'GONE'
            WHEN last_type = 'LEAVE' THEN 'AWAY'
            WHEN last_type IN ('ADMISSION', 'TRANSFER_IN', 'BIRTH', 'RETURN') THEN 'HERE'
            WHEN next_type IN ('ADMISSION', 'TRANSFER_IN', 'BIRTH') THEN 'NOT_YET'
            WHEN next_type = 'RETURN' THEN 'AWAY'
            WHEN next_type IN ('DISCHARGE', 'TRANSFER_OUT', 'LEAVE', 'DEATH') THEN 'HERE'
            WHEN pattern = 'FIRST_CONTACT' THEN 'HERE'
            WHEN stay_to_on <= moment_on THEN 'GONE'
            WHEN stay_from_on > moment_on THEN 'NOT_YET'
            WHEN residence_status = 'USUAL_TEMP_ABSENT' THEN 'AWAY'
            ELSE 'HERE'
        END AS whereabouts,
        CASE
            WHEN last_type IS NOT NULL OR next_type IS NOT NULL THEN 'movement'
            WHEN pattern = 'FIRST_CONTACT' THEN 'status'
            WHEN stay_to_on <= moment_on OR stay_from_on IS NOT NULL THEN 'dates'
            WHEN residence_status IS NULL AND entry_no IS NOT NULL THEN 'list'
            ELSE 'status'
        END AS evidence,
        COALESCE(last_on, stay_from_on) AS since_on,
        is_long IS TRUE
        OR has_other_home IS FALSE
        OR (is_long IS NULL AND admitted_on <= moment_on - INTERVAL 12 MONTH) AS is_at_home_here
    FROM vital
),

-- Row by row of the residence table: is this institution the usual home of who lives in it?
housed AS (
    SELECT
        *,
        CASE
            WHEN form_code = 'F4_TEMP_VISITOR' THEN FALSE
            WHEN pattern = 'FIRST_CONTACT' THEN TRUE
            WHEN pattern = 'BOARDER_HOME' THEN has_other_home IS FALSE
            WHEN pattern IN ('HOME_UNLESS_LONG', 'SAFE_HOUSE') THEN is_at_home_here
            WHEN has_other_home IS TRUE AND is_long IS FALSE AND COALESCE(residence_status, '') NOT LIKE 'USUAL%' THEN FALSE
            ELSE TRUE
        END AS is_home
    FROM located
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_training OR (is_exercise AND is_early) THEN 'TRAINING'
            WHEN case_status = 'withdrawn' THEN 'WITHDRAWN'
            WHEN case_status = 'draft' THEN 'DRAFT'
            WHEN is_born_after THEN 'BORN_AFTER'
            WHEN is_dead THEN 'DIED_BEFORE'
            WHEN position_in_institution IN ('STAFF_LIVE_IN', 'FAMILY_OF_STAFF') THEN 'PRIVATE_HOUSEHOLD'
            WHEN presence_reason = 'WORK' AND COALESCE(position_in_institution, '') <> 'RESIDENT' THEN 'BELONGS_ELSEWHERE'
            WHEN pattern = 'BOARDER_HOME' AND NOT is_home AND whereabouts <> 'HERE' THEN 'BELONGS_ELSEWHERE'
            WHEN whereabouts IN ('GONE', 'NOT_YET') THEN 'NOT_HERE_AT_MOMENT'
            WHEN whereabouts = 'AWAY' AND NOT is_home THEN 'NOT_HERE_AT_MOMENT'
        END AS own_reason
    FROM housed
),

-- Two institutions claim the person for one moment and papers decide for the other: not out of scope, but a duplicate of it.
claimed AS (
    SELECT
        *,
        own_reason = 'NOT_HERE_AT_MOMENT'
        AND whereabouts = 'NOT_YET'
        AND residence_status IN ('USUAL_PRESENT', 'TEMP_PRESENT')
        AND COALESCE(stay_from_on <= moment_on, TRUE)
        AND bool_or(own_reason IS NULL) OVER (PARTITION BY cluster_no) AS is_overlap
    FROM judged
    WHERE tier IS NOT NULL
),

scoped AS (
    SELECT
        *,
        FALSE AS is_overlap,
        own_reason AS scope_reason
    FROM judged
    WHERE tier IS NULL
    UNION ALL BY NAME
    SELECT
        *,
        CASE WHEN NOT COALESCE(is_overlap, FALSE) THEN own_reason END AS scope_reason
    FROM claimed
)

SELECT
    record_id,
    no AS arrival_no,
    case_id,
    cluster_no,
    tier,
    written_id AS institution_written_id,
    institution_id,
    relocation_reason,
    iin,
    iin IS NOT NULL AND NOT is_contested AS iin_is_usable,
    is_contested AS iin_is_contested,
    family AS family_stem,
    given AS given_fold,
    patronymic AS patronymic_stem,
    family_key AS name_key,
    sex,
    birth_on,
    birth_date_precision,
    is_placeholder,
    is_birth_time_unknown,
    NOT is_training AND is_early AS is_training_suspect,
    scope_reason,
    whereabouts,
    evidence,
    since_on,
    CASE WHEN scope_reason IS NULL AND is_home AND NOT COALESCE(is_overlap, FALSE) THEN institution_id END AS usual_institution_id,
    CASE WHEN scope_reason IS NULL AND whereabouts = 'HERE' THEN institution_id END AS present_institution_id,
    CASE WHEN pattern IS DISTINCT FROM 'SAFE_HOUSE' THEN COALESCE(home_kato, other_kato) END AS home_kato
FROM scoped
