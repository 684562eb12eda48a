-- Records that need a word on their standing: all but the only record of its case that passed the checks.
-- First that applies: unreadable, repeated, quarantined, superseded, current.
-- An institution nobody knows is no reason to hold a record whose staff or tablet say where it comes from.
WITH rejected AS (
    SELECT
        record_check.record_id,
        list_filter(
            record_check.rejects,
            lambda rule: rule <> 'R-UNKNOWN-INSTITUTION' OR COALESCE(staff.institution_id, device.institution_id) IS NULL
        ) AS rejects
    FROM record_check
    JOIN record USING (record_id)
    LEFT JOIN staff USING (staff_id)
    LEFT JOIN device USING (device_id)
    WHERE len(record_check.rejects) > 0
),

-- worked out twice, for what is contested and for what is held, rather than kept whole
judged AS NOT MATERIALIZED (
    SELECT
        record.record_id,
        record.case_id,
        record.case_version,
        record.case_status,
        record.case_clock,
        COALESCE(record.case_status = 'withdrawn', FALSE) AS is_withdrawal,
        COALESCE(record.is_training OR record.case_status = 'draft', FALSE) AS is_no_count,
        record.device_id,
        record.answers_sha256,
        record.received_at,
        record.batch_id,
        record.record_no,
        record.read_error,
        CASE
            WHEN record.case_id IS NULL OR record.case_version IS NULL THEN COALESCE(rejected.rejects[1], 'NO_CASE_ID')
            ELSE rejected.rejects[1]
        END AS rule_id,
        quarantine_decision.action,
        CASE WHEN quarantine_decision.action = 'release' THEN quarantine_decision.decision_no END AS release_no,
        CASE WHEN quarantine_decision.action = 'release' THEN quarantine_decision.decided_at END AS released_at
    FROM record
    LEFT JOIN rejected USING (record_id)
    LEFT JOIN quarantine_decision USING (record_id)
),

-- Most cases arrive once; only the others need a contest.
contested_case AS (
    SELECT case_id
    FROM record
    WHERE read_error IS NULL AND case_id IS NOT NULL
    GROUP BY case_id
    HAVING count(*) > 1
),

-- The digest of the answers leaves out form, institution and status, which the rules read: of the same answers the one in play is the
-- earliest that may count, and what was rejected, was training or a draft is no more than a copy of it. A release is of the answers.
contender AS (
    SELECT
        judged.* REPLACE (
            max(judged.release_no) OVER same_answers AS release_no,
            max(judged.released_at) OVER same_answers AS released_at
        ),
        row_number() OVER copies > 1 AS is_copy,
        first_value(judged.record_id) OVER copies AS original_id,
        max(judged.release_no) OVER same_answers IS NOT NULL AS is_released
    FROM judged
    SEMI JOIN contested_case USING (case_id)
    WHERE judged.read_error IS NULL
    WINDOW same_answers AS (
        PARTITION BY judged.case_id, judged.case_version, judged.is_withdrawal, judged.answers_sha256
    ), copies AS (
        PARTITION BY judged.case_id, judged.case_version, judged.is_withdrawal, judged.answers_sha256
        ORDER BY
            judged.rule_id IS NOT NULL AND judged.release_no IS NULL, judged.is_no_count,
            judged.received_at, judged.batch_id, judged.record_no
    )
),

-- Among different answers under one case and version the earliest stays in play, unless a decision names another. It is a word on
-- what had been received by then: other answers that come after it wait like the first that did. What was discarded contests nothing.
-- Nor does a withdrawal: it takes effect on the version it names (a server that deletes counts no new version).
in_play AS (
    SELECT
        *,
        row_number() OVER version AS place,
        first_value(record_id) OVER version AS winner_id,
        COALESCE(received_at <= first_value(released_at) OVER version, FALSE) AS is_decided
    FROM contender
    WHERE NOT is_copy AND action IS DISTINCT FROM 'discard' AND (rule_id IS NULL OR is_released)
    WINDOW version AS (
        PARTITION BY case_id, case_version, is_withdrawal
        ORDER BY release_no DESC NULLS LAST, received_at, batch_id, record_no
    )
),

named AS (
    SELECT
        in_play.record_id,
        in_play.case_id,
        in_play.device_id,
        in_play.case_status,
        in_play.is_released,
        identity.iin,
        identity.birth_on,
        identity.given_name,
        family.family_code,
        given.given_code,
        row_number() OVER (PARTITION BY in_play.case_id ORDER BY in_play.received_at, in_play.batch_id, in_play.record_no) AS arrival_no
    FROM in_play
    JOIN identity USING (record_id)
    LEFT JOIN given_part ON identity.given_name = given_part.given_name
    LEFT JOIN spelling AS given ON given_part.alone = given.raw
    LEFT JOIN spelling AS family ON identity.family_name = family.raw
    WHERE in_play.place = 1
),

-- A copied application folder brings another person under a known case id from another tablet: that is no new version.
stranger AS (
    SELECT named.record_id
    FROM named
    JOIN named AS earlier USING (case_id)
    WHERE earlier.arrival_no = 1
    AND named.case_status <> 'withdrawn'
    AND NOT named.is_released
    AND named.device_id <> earlier.device_id
    AND (named.iin = earlier.iin) IS NOT TRUE
    AND named.birth_on <> earlier.birth_on
    AND named.family_code <> earlier.family_code
    AND named.given_name <> earlier.given_name
    AND (named.given_code = earlier.given_code) IS NOT TRUE
),

-- A vector clock says how far each device had come with the case. Of two versions neither of which has seen all of the other,
-- the one that came later is in conflict, whatever their numbers.
clocked AS (
    SELECT
        case_id,
        record_id,
        release_no,
        case_clock,
        row_number() OVER (PARTITION BY case_id ORDER BY received_at, batch_id, record_no) AS arrival_no
    FROM in_play
    WHERE place = 1 AND case_clock IS NOT NULL
),

tick AS (
    SELECT
        case_id,
        record_id,
        split_part(entry, ':', 1) AS device_id,
        TRY_CAST(split_part(entry, ':', 2) AS BIGINT) AS revision
    FROM (SELECT case_id, record_id, unnest(string_split(case_clock, ',')) AS entry FROM clocked)
),

compared AS (
    SELECT
        earlier.record_id AS earlier_id,
        later.record_id AS later_id,
        earlier.release_no AS earlier_release_no,
        later.release_no AS later_release_no,
        COALESCE(max(tick.revision) FILTER (WHERE tick.record_id = earlier.record_id), 0) AS earlier_revision,
        COALESCE(max(tick.revision) FILTER (WHERE tick.record_id = later.record_id), 0) AS later_revision
    FROM clocked AS earlier
    JOIN clocked AS later ON earlier.case_id = later.case_id AND earlier.arrival_no < later.arrival_no
    JOIN tick ON tick.case_id = later.case_id AND tick.record_id IN (earlier.record_id, later.record_id)
    GROUP BY earlier.record_id, later.record_id, earlier.release_no, later.release_no, tick.device_id
),

apart AS (
    SELECT
        earlier_id,
        later_id,
        earlier_release_no,
        later_release_no
    FROM compared
    GROUP BY earlier_id, later_id, earlier_release_no, later_release_no
    HAVING bool_or(earlier_revision > later_revision) AND bool_or(later_revision > earlier_revision)
),

-- Who released the later branch has chosen it over the earlier; of two that were released the decision taken last holds.
settled AS (
    SELECT
        COALESCE(earlier_release_no > later_release_no, FALSE) AS is_for_earlier,
        CASE WHEN is_for_earlier THEN later_id ELSE earlier_id END AS record_id,
        CASE WHEN is_for_earlier THEN earlier_id ELSE later_id END AS winner_id,
        greatest(earlier_release_no, later_release_no) AS release_no
    FROM apart
    WHERE later_release_no IS NOT NULL
),

beaten AS (
    SELECT
        record_id,
        max_by(winner_id, release_no ORDER BY release_no) AS winner_id
    FROM settled
    GROUP BY record_id
),

diverging AS (
    SELECT DISTINCT later_id AS record_id
    FROM apart
    WHERE later_release_no IS NULL
    AND earlier_id NOT IN (SELECT record_id FROM beaten)
    AND later_id NOT IN (SELECT record_id FROM beaten)
),

-- Who takes a rejection back counts no new version either: what a server that is asked says last of a version holds. What is carried
-- comes late and in any order: it takes nothing back.
taken_back AS (
    SELECT contender.record_id
    FROM contender
    JOIN batch USING (batch_id)
    WHERE batch.device_id IS NULL
    AND NOT contender.is_no_count
    AND (contender.rule_id IS NULL OR contender.is_released)
    AND contender.case_id IN (SELECT case_id FROM contender WHERE is_withdrawal)
    QUALIFY contender.is_withdrawal AND NOT last_value(contender.is_withdrawal) OVER (
        PARTITION BY contender.case_id, contender.case_version, batch.route, batch.source_id
        ORDER BY contender.received_at, contender.batch_id, contender.record_no
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),

admitted AS (
    SELECT
        in_play.*,
        taken_back.record_id IS NOT NULL AS is_taken_back
    FROM in_play
    LEFT JOIN taken_back USING (record_id)
    ANTI JOIN stranger USING (record_id)
    ANTI JOIN diverging USING (record_id)
    ANTI JOIN beaten USING (record_id)
    WHERE place = 1
),

-- The highest version that passed stands, whenever it came. A draft never takes the place of what was sent.
standing AS (
    SELECT
        *,
        row_number() OVER versions AS place_in_case,
        first_value(record_id) OVER versions AS current_id,
        first_value(case_status) OVER versions AS current_status,
        first_value(case_version) OVER versions AS current_version
    FROM admitted
    WINDOW versions AS (
        PARTITION BY case_id
        ORDER BY
            case_status IS NOT DISTINCT FROM 'draft', case_version DESC, is_withdrawal AND NOT is_taken_back DESC,
            is_withdrawal, record_id
    )
),

held AS (
    SELECT
        contender.record_id,
        contender.case_id,
        contender.case_version,
        contender.action
    FROM contender
    LEFT JOIN in_play USING (record_id)
    WHERE NOT contender.is_copy
    AND (
        in_play.record_id IS NULL
        OR (in_play.place > 1 AND NOT in_play.is_decided)
        OR contender.record_id IN (SELECT record_id FROM stranger)
        OR contender.record_id IN (SELECT record_id FROM diverging)
    )
),

pending AS (
    SELECT DISTINCT standing.record_id
    FROM standing
    JOIN held ON standing.case_id = held.case_id AND held.case_version >= standing.current_version
    WHERE standing.place_in_case = 1 AND held.action IS DISTINCT FROM 'discard'
),

contest AS (
    SELECT
        contender.record_id,
        CASE
            WHEN contender.is_copy THEN 'repeated'
            WHEN held.record_id IS NOT NULL THEN 'quarantined'
            WHEN standing.place_in_case = 1 THEN 'current'
            ELSE 'superseded'
        END AS standing,
        CASE
            WHEN contender.is_copy THEN 'SAME_ANSWERS'
            WHEN held.record_id IS NOT NULL AND NOT contender.is_released AND contender.rule_id IS NOT NULL THEN contender.rule_id
            WHEN held.record_id IS NOT NULL THEN 'VERSION_CONFLICT'
            WHEN standing.place_in_case = 1 THEN NULL
            WHEN in_play.place > 1 OR beaten.record_id IS NOT NULL THEN 'DECIDED'
            WHEN standing.current_status = 'withdrawn' THEN 'WITHDRAWN'
            ELSE 'NEWER_VERSION'
        END AS reason,
        pending.record_id IS NOT NULL AS has_pending_version,
        CASE
            WHEN contender.is_copy THEN contender.original_id
            WHEN held.record_id IS NOT NULL AND in_play.place > 1 THEN in_play.winner_id
            WHEN held.record_id IS NOT NULL OR standing.place_in_case = 1 THEN NULL
            WHEN in_play.place > 1 THEN in_play.winner_id
            ELSE COALESCE(beaten.winner_id, standing.current_id)
        END AS winner_record_id
    FROM contender
    LEFT JOIN in_play USING (record_id)
    LEFT JOIN standing USING (record_id)
    LEFT JOIN beaten USING (record_id)
    LEFT JOIN held USING (record_id)
    LEFT JOIN pending USING (record_id)
),

-- What names no case has no version either: it came before if the very same bytes did; or, where it names somebody, the same answers
-- completed at the same second on the same tablet: a bundle that is made anew writes its lines anew.
caseless_copy AS (
    SELECT
        record.record_id,
        first_value(record.record_id) OVER copies AS original_id
    FROM record
    JOIN identity USING (record_id)
    WHERE record.read_error IS NULL AND record.case_id IS NULL
    WINDOW copies AS (
        PARTITION BY
            CASE
                WHEN identity.family_name IS NULL OR record.completed_at IS NULL THEN record.bytes_sha256
                ELSE record.answers_sha256
            END,
            record.institution_id, record.device_id, record.case_status, record.is_training
        ORDER BY record.received_at, record.batch_id, record.record_no
    )
    QUALIFY row_number() OVER copies > 1
)

SELECT
    judged.record_id,
    judged.case_id,
    CASE
        WHEN judged.read_error IS NOT NULL THEN 'unreadable'
        WHEN contest.record_id IS NOT NULL THEN contest.standing
        WHEN caseless_copy.record_id IS NOT NULL THEN 'repeated'
        ELSE 'quarantined'
    END AS standing,
    CASE
        WHEN judged.read_error IS NOT NULL THEN judged.read_error
        WHEN contest.record_id IS NOT NULL THEN contest.reason
        WHEN caseless_copy.record_id IS NOT NULL THEN 'SAME_ANSWERS'
        ELSE judged.rule_id
    END AS reason,
    COALESCE(contest.has_pending_version, FALSE) AS has_pending_version,
    COALESCE(contest.winner_record_id, caseless_copy.original_id) AS winner_record_id
FROM judged
LEFT JOIN contest USING (record_id)
LEFT JOIN caseless_copy USING (record_id)
WHERE judged.read_error IS NOT NULL
OR contest.record_id IS NOT NULL
OR judged.case_id IS NULL
OR judged.case_version IS NULL
OR (judged.rule_id IS NOT NULL AND judged.release_no IS NULL)
