-- Scope and the two places of every record that stands for its case, by the residence table of the round and the best evidence
-- there is: papers before stated dates before the reported status.
WITH site AS (
    SELECT
        institution.institution_id,
        residence_rule.pattern
    FROM institution
    LEFT JOIN residence_rule USING (category_code)
),

told AS (
    SELECT
        member.* REPLACE (
            -- a record tells of its own stay; another's dates are of it only where it tells none, or began on the same day or ended later
            CASE WHEN member.stay_to_on IS NULL THEN COALESCE(member.stay_from_on, stay.stay_from_on) ELSE member.stay_from_on END
                AS stay_from_on,
            CASE
                WHEN member.stay_from_on IS NULL OR member.stay_from_on = stay.stay_from_on OR member.stay_from_on < stay.stay_to_on
                    THEN COALESCE(member.stay_to_on, stay.stay_to_on)
                ELSE member.stay_to_on
            END AS stay_to_on,
            COALESCE(stay.residence_status, member.residence_status) AS residence_status,
            COALESCE(stay.has_other_home, member.has_other_home) AS has_other_home,
            COALESCE(stay.usual_address_kato, member.usual_address_kato) AS usual_address_kato,
            CASE WHEN stay.born_on IS NULL THEN member.birth_time ELSE stay.born_time END AS birth_time,
            COALESCE(stay.died_on, member.death_on) AS death_on,
            CASE WHEN stay.died_on IS NULL THEN member.death_time ELSE stay.died_time END AS death_time
        ),
        COALESCE(stay.born_on, member.birth_on) AS born_on,
        site.pattern,
        -- the person's own record says: here at the moment
        COALESCE(
            member.residence_status IN ('USUAL_PRESENT', 'TEMP_PRESENT') AND COALESCE(member.stay_from_on <= round.moment_on, TRUE),
            FALSE
        ) AS is_claimed,
        COALESCE(stay.is_long, member.stay_duration = 'GE12M') AS is_long,
        stay.admitted_on,
        stay.last_type,
        stay.last_on,
        CASE WHEN stay.last_type IN ('ADMISSION', 'TRANSFER_IN', 'BIRTH') THEN stay.last_on END AS came_on,
        stay.next_type,
        COALESCE(stay.is_next_from_ours, FALSE) AS is_next_from_ours,
        stay.other_kato,
        stay.is_born_after AS is_booked_after,
        stay.is_dead_before,
        round.zone,
        round.census_moment_at,
        round.moment_on
    FROM member
    LEFT JOIN stay
        ON member.cluster_no = stay.cluster_no AND member.institution_id = stay.institution_id
    LEFT JOIN site ON member.institution_id = site.institution_id
    CROSS JOIN round
),

-- To the minute in UTC on the eve; a birth without a time is in, a death on the eve without a time is out.
vital AS (
    SELECT
        *,
        CASE
            -- a slip in another record or a namesake's line makes no newborn of who is older than a year
            WHEN birth_on < moment_on - INTERVAL 1 YEAR THEN FALSE
            WHEN is_booked_after THEN TRUE
            WHEN born_on < moment_on THEN FALSE
            WHEN born_on > moment_on THEN TRUE
            WHEN born_on = moment_on
                THEN COALESCE(
                    ((born_on + TRY_CAST(birth_time AS TIME)) AT TIME ZONE zone) AT TIME ZONE 'UTC' >= census_moment_at,
                    FALSE
                )
            ELSE FALSE
        END AS is_born_after,
        COALESCE(born_on = moment_on AND TRY_CAST(birth_time AS TIME) IS NULL, FALSE) AS is_birth_time_unknown,
        CASE
            WHEN is_dead_before IS NOT NULL THEN is_dead_before
            WHEN death_on IS NULL THEN FALSE
            WHEN death_on = moment_on
                THEN COALESCE(
                    ((death_on + TRY_CAST(death_time AS TIME)) AT TIME ZONE zone) AT TIME ZONE 'UTC' < census_moment_at,
                    TRUE
                )
            ELSE death_on < moment_on
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
            -- between two books, neither of which has the person that night, counts who claims the person
            WHEN is_next_from_ours AND is_claimed THEN 'HERE'
            WHEN next_type IN ('ADMISSION', 'TRANSFER_IN', 'BIRTH') THEN 'NOT_YET'
            WHEN next_type = 'RETURN' THEN 'AWAY'
            WHEN next_type IN ('DISCHARGE', 'TRANSFER_OUT', 'LEAVE', 'DEATH') THEN 'HERE'
            WHEN pattern = 'FIRST_CONTACT' THEN 'HERE'
            -- whoever died no earlier than the moment was there to the end
            WHEN stay_to_on <= moment_on AND stay_to_on IS DISTINCT FROM death_on THEN 'GONE'
            WHEN stay_from_on > moment_on THEN 'NOT_YET'
            WHEN residence_status = 'USUAL_TEMP_ABSENT' THEN 'AWAY'
            ELSE 'HERE'
        END AS whereabouts,
        CASE
            WHEN last_type IS NULL AND is_next_from_ours AND is_claimed THEN 'status'
            WHEN last_type IS NOT NULL OR next_type IS NOT NULL THEN 'movement'
            WHEN pattern = 'FIRST_CONTACT' THEN 'status'
            WHEN stay_to_on <= moment_on OR stay_from_on IS NOT NULL THEN 'dates'
            WHEN residence_status IS NULL AND admitted_on IS NOT NULL THEN 'list'
            ELSE 'status'
        END AS evidence,
        COALESCE(last_on, stay_from_on) AS since_on,
        is_long IS TRUE
        OR has_other_home IS FALSE
        OR (is_long IS NULL AND COALESCE(least(admitted_on, stay_from_on, came_on) <= moment_on - INTERVAL 12 MONTH, FALSE))
            AS is_long_or_homeless
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
            WHEN pattern IN ('HOME_UNLESS_LONG', 'SAFE_HOUSE') THEN is_long_or_homeless
            ELSE NOT (
                has_other_home IS TRUE AND is_long IS FALSE
                AND residence_status IS DISTINCT FROM 'USUAL_PRESENT' AND residence_status IS DISTINCT FROM 'USUAL_TEMP_ABSENT'
            )
        END AS is_home
    FROM located
),

-- worked out twice, for everybody and for those who share a person, rather than kept whole
judged AS NOT MATERIALIZED (
    SELECT
        *,
        CASE
            WHEN is_training THEN 'TRAINING'
            WHEN case_status = 'withdrawn' THEN 'WITHDRAWN'
            WHEN case_status = 'draft' THEN 'DRAFT'
            WHEN is_born_after THEN 'BORN_AFTER'
            WHEN is_dead THEN 'DIED_BEFORE'
            WHEN position_in_institution IN ('STAFF_LIVE_IN', 'FAMILY_OF_STAFF') THEN 'PRIVATE_HOUSEHOLD'
            WHEN presence_reason = 'WORK' AND position_in_institution IS DISTINCT FROM 'RESIDENT' THEN 'BELONGS_ELSEWHERE'
            WHEN pattern = 'BOARDER_HOME' AND NOT is_home AND whereabouts <> 'HERE' THEN 'BELONGS_ELSEWHERE'
            WHEN whereabouts IN ('GONE', 'NOT_YET') THEN 'NOT_HERE_AT_MOMENT'
            WHEN whereabouts = 'AWAY' AND NOT is_home THEN 'NOT_HERE_AT_MOMENT'
        END AS own_reason
    FROM housed
),

-- Two institutions claim the person for one moment and papers decide for the other: not out of scope, but a duplicate of it.
overlap AS (
    SELECT no
    FROM judged
    WHERE tier IS NOT NULL
    QUALIFY own_reason = 'NOT_HERE_AT_MOMENT'
    AND whereabouts = 'NOT_YET'
    AND is_claimed
    AND bool_or(own_reason IS NULL) OVER (PARTITION BY cluster_no)
)

SELECT
    judged.no,
    judged.record_id,
    judged.case_id,
    judged.cluster_no,
    judged.tier,
    judged.written_id,
    judged.institution_id,
    judged.relocation_reason,
    judged.iin,
    judged.contested_iin,
    judged.contested_iin IS NOT NULL AS is_contested,
    judged.sex,
    judged.birth_on,
    judged.birth_date_precision,
    judged.is_placeholder,
    judged.is_birth_time_unknown,
    judged.is_early AND NOT judged.is_training AS is_training_suspect,
    judged.is_silent,
    CASE WHEN overlap.no IS NULL THEN judged.own_reason END AS scope_reason,
    judged.whereabouts,
    judged.evidence,
    judged.since_on,
    CASE WHEN judged.own_reason IS NULL AND judged.is_home THEN judged.institution_id END AS usual_institution_id,
    CASE WHEN judged.own_reason IS NULL AND judged.whereabouts = 'HERE' THEN judged.institution_id END
        AS present_institution_id,
    -- no home is kept of those whose home must not find them: of a site whose category nobody knows they may be such
    CASE WHEN judged.pattern <> 'SAFE_HOUSE' THEN COALESCE(judged.usual_address_kato, judged.other_kato) END
        AS home_kato,
    judged.form_code,
    judged.position_in_institution,
    judged.mode,
    judged.is_proxy,
    judged.proxy_reason,
    -- whom a street patrol met is where it was first
    CASE WHEN judged.pattern = 'FIRST_CONTACT' THEN judged.completed_at END AS met_at,
    judged.citizenship,
    judged.age_stated,
    judged.completed_at,
    judged.received_at
FROM judged
LEFT JOIN overlap USING (no)
