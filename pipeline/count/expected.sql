-- How many people each institution should have had at the census moment (method 3).
-- Made from the stage-1 list, the movements and the signed headcount; never from what was enumerated.
WITH site AS (
    SELECT
        institution.institution_id,
        -- of a category nobody knows people live where they are counted, as their own place is told (resolve/scoped)
        COALESCE(residence_rule.pattern, 'HERE') AS pattern
    FROM institution
    LEFT JOIN residence_rule USING (category_code)
    CROSS JOIN round
    WHERE institution.closed_on IS NULL OR institution.closed_on > round.moment_on
),

-- Rows the list shows for people; staff written down as such are nobody to be asked.
entry AS (
    SELECT
        list_entry.entry_id,
        list_entry.institution_id,
        list_identity.iin,
        list_identity.birth_on,
        list_identity.birth_date_precision,
        list_identity.family_name,
        list_identity.given_name,
        list_identity.patronymic,
        COALESCE(list_entry.admitted_on > COALESCE(list.list_as_of_on, round.list_as_of_on), FALSE) AS is_late,
        COALESCE(list_entry.admitted_on <= round.moment_on - INTERVAL 12 MONTH, FALSE) AS is_long_stay,
        COALESCE(list_entry.note_code IN ('DEPARTED', 'DIED'), FALSE) AS is_noted_gone
    FROM list_entry
    JOIN list USING (list_id)
    JOIN list_identity USING (entry_id)
    CROSS JOIN round
    WHERE list_entry.note_code IS DISTINCT FROM 'STAFF'
),

shared_birth AS (
    SELECT
        institution_id,
        birth_on
    FROM entry
    WHERE birth_on IS NOT NULL
    GROUP BY institution_id, birth_on
    HAVING count(*) > 1
),

-- Whom the rows mean matters only where they share a birth date, or have to be found among the movements: who came
-- after the day of the list, who is noted as gone, and long-stay patients nobody signed for.
looked_at AS (
    SELECT
        entry.*,
        shared_birth.birth_on IS NOT NULL AS has_like,
        shared_birth.birth_on IS NOT NULL OR entry.is_late OR entry.is_noted_gone OR (
            entry.is_long_stay AND site.pattern IN ('HOME_UNLESS_LONG', 'SAFE_HOUSE')
            AND headcount.usual_present_count IS NULL
        ) AS is_sought
    FROM entry
    LEFT JOIN shared_birth USING (institution_id, birth_on)
    LEFT JOIN site USING (institution_id)
    LEFT JOIN headcount USING (institution_id)
),

-- Every spelling is folded once: names repeat, and folding is dear.
written AS (
    SELECT unnest([family_name, given_name, patronymic]) AS raw
    FROM looked_at
    WHERE is_sought
    UNION
    SELECT unnest([family_name, given_name, patronymic]) AS raw
    FROM movement_identity
),

spelling AS MATERIALIZED (
    SELECT
        raw AS name,
        fold AS folded,
        is_placeholder
    FROM name_keys('written')
    WHERE raw IS NOT NULL
),

-- A person on paper is a name and a whole birth date; nobody known by less is taken for somebody else.
named AS (
    SELECT
        looked_at.entry_id,
        looked_at.institution_id,
        looked_at.iin,
        looked_at.birth_on,
        looked_at.is_late,
        looked_at.is_long_stay,
        looked_at.is_noted_gone,
        looked_at.has_like,
        CASE WHEN looked_at.birth_date_precision = 'DAY' AND NOT family.is_placeholder THEN
            family.folded || '|' || concat_ws('|', given.folded, patronymic.folded, looked_at.birth_on)
        END AS person_key
    FROM looked_at
    LEFT JOIN spelling AS family ON looked_at.is_sought AND looked_at.family_name = family.name
    LEFT JOIN spelling AS given ON looked_at.is_sought AND looked_at.given_name = given.name
    LEFT JOIN spelling AS patronymic ON looked_at.is_sought AND looked_at.patronymic = patronymic.name
),

-- Rows equal in name and birth date are one person unless their numbers differ; a number missing in one parts nobody.
namesake AS (
    SELECT
        institution_id,
        person_key
    FROM named
    WHERE has_like AND person_key IS NOT NULL
    GROUP BY institution_id, person_key
    HAVING count(*) > 1
),

numbered AS (
    SELECT
        named.entry_id,
        named.institution_id,
        named.person_key,
        COALESCE(named.iin, min(named.iin) OVER (PARTITION BY named.institution_id, named.person_key)) AS known_iin
    FROM named
    SEMI JOIN namesake ON named.institution_id = namesake.institution_id AND named.person_key = namesake.person_key
),

-- So are rows equal in number and birth date, however the name is spelt.
again AS (
    SELECT entry_id
    FROM numbered
    QUALIFY row_number() OVER (PARTITION BY institution_id, person_key, known_iin ORDER BY entry_id) > 1
    UNION
    SELECT entry_id
    FROM named
    WHERE has_like AND iin IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY institution_id, iin, birth_on ORDER BY entry_id) > 1
),

listed AS (
    SELECT
        institution_id,
        birth_on,
        person_key,
        is_late,
        is_long_stay,
        is_noted_gone
    FROM named
    ANTI JOIN again USING (entry_id)
),

list_span AS (
    SELECT
        institution_id,
        max(list_as_of_on) AS as_of_on
    FROM list
    GROUP BY institution_id
),

-- After the day of the list, before the moment. On the eve without a time: taken to have happened by day.
moved AS (
    SELECT
        movement.*,
        movement_identity.family_name,
        movement_identity.given_name,
        movement_identity.patronymic,
        movement_identity.birth_on,
        movement_identity.iin,
        -- a family name alone may be anybody's
        upper(movement_identity.family_name || ' ' || movement_identity.given_name)
        || COALESCE(movement_identity.patronymic, '') AS written_name,
        movement.occurred_at IS NULL AND movement.occurred_on = round.moment_on AS is_untimed
    FROM movement
    JOIN movement_identity USING (movement_id)
    LEFT JOIN list_span USING (institution_id)
    CROSS JOIN round
    WHERE movement.occurred_on > COALESCE(list_span.as_of_on, round.list_as_of_on)
    AND COALESCE(movement.occurred_at < round.census_moment_at, movement.occurred_on <= round.moment_on)
),

-- Away at the moment: whose last movement is a leave; going on leave twice is being away once.
-- One book writes one name in one way. A line without a birth date is whose date other lines of that name give, if it is one; else the
-- number tells who it is, or the name alone.
known_birth AS (
    SELECT
        institution_id,
        written_name,
        min(birth_on) AS birth_on,
        min(iin) AS iin
    FROM moved
    WHERE written_name IS NOT NULL
    GROUP BY institution_id, written_name
    HAVING count(DISTINCT birth_on) <= 1 AND count(DISTINCT iin) <= 1
),

last_move AS (
    SELECT
        moved.institution_id,
        moved.movement_type
    FROM moved
    LEFT JOIN known_birth USING (institution_id, written_name)
    QUALIFY row_number() OVER (
        PARTITION BY
            moved.institution_id,
            COALESCE(
                moved.written_name || COALESCE(moved.birth_on, known_birth.birth_on)::VARCHAR, moved.iin, known_birth.iin,
                moved.written_name, moved.movement_id
            )
        ORDER BY
            moved.occurred_on DESC, moved.occurred_at DESC NULLS LAST,
            TRY_CAST(moved.movement_no AS INTEGER) DESC NULLS LAST, moved.movement_id DESC
    ) = 1
),

away AS (
    SELECT
        institution_id,
        count(*) AS leave_count
    FROM last_move
    WHERE movement_type = 'LEAVE'
    GROUP BY institution_id
),

movements AS (
    SELECT
        institution_id,
        count(*) FILTER (WHERE movement_type IN ('DISCHARGE', 'TRANSFER_OUT')) AS departed_count,
        count(*) FILTER (WHERE movement_type = 'DEATH') AS died_count,
        count(*) FILTER (WHERE movement_type IN ('ADMISSION', 'TRANSFER_IN')) AS arrived_count,
        count(*) FILTER (WHERE movement_type = 'BIRTH') AS born_count,
        count(*) FILTER (WHERE is_untimed) AS untimed_count
    FROM moved
    GROUP BY institution_id
),

-- Movements of those list entries that have to be found among them.
sought AS (
    SELECT DISTINCT
        institution_id,
        birth_on
    FROM listed
    WHERE person_key IS NOT NULL AND (is_late OR is_long_stay OR is_noted_gone)
),

traced AS (
    SELECT
        moved.institution_id,
        family.folded || '|' || concat_ws('|', given.folded, patronymic.folded, moved.birth_on) AS person_key,
        bool_or(moved.movement_type IN ('ADMISSION', 'TRANSFER_IN', 'BIRTH')) AS is_arrived,
        bool_or(moved.movement_type IN ('DISCHARGE', 'TRANSFER_OUT', 'DEATH')) AS is_gone
    FROM moved
    JOIN spelling AS family ON moved.family_name = family.name
    LEFT JOIN spelling AS given ON moved.given_name = given.name
    LEFT JOIN spelling AS patronymic ON moved.patronymic = patronymic.name
    SEMI JOIN sought ON moved.institution_id = sought.institution_id AND moved.birth_on = sought.birth_on
    GROUP BY ALL
),

-- A list drawn up in July may already show who came in June, or who left: where a movement says so too, it is the movement
-- that brings or takes them, and the list must not do so again.
stock AS (
    SELECT
        listed.institution_id,
        listed.is_long_stay AND NOT listed.is_noted_gone AND NOT COALESCE(traced.is_gone, FALSE) AS is_long_stay
    FROM listed
    LEFT JOIN traced USING (institution_id, person_key)
    WHERE NOT (listed.is_late AND COALESCE(traced.is_arrived, FALSE))
    AND NOT (listed.is_noted_gone AND NOT COALESCE(traced.is_gone, FALSE))
),

lists AS (
    SELECT
        list.institution_id,
        COALESCE(max(stocked.list_count), 0) AS list_count,
        COALESCE(max(stocked.long_stay_count), 0) AS long_stay_count
    FROM list
    LEFT JOIN (
        SELECT
            institution_id,
            count(*) AS list_count,
            count(*) FILTER (WHERE is_long_stay) AS long_stay_count
        FROM stock
        GROUP BY institution_id
    ) AS stocked USING (institution_id)
    GROUP BY list.institution_id
),

sources AS (
    SELECT
        site.institution_id,
        site.pattern,
        lists.list_count,
        lists.long_stay_count,
        COALESCE(movements.departed_count, 0) AS departed_count,
        COALESCE(movements.died_count, 0) AS died_count,
        COALESCE(movements.arrived_count, 0) AS arrived_count,
        COALESCE(movements.born_count, 0) AS born_count,
        COALESCE(away.leave_count, 0) AS leave_count,
        COALESCE(movements.untimed_count, 0) AS untimed_count,
        headcount.present_count AS headcount_present_count,
        headcount.temporarily_absent_count AS headcount_absent_count,
        headcount.usual_present_count AS headcount_usual_present_count
    FROM site
    LEFT JOIN lists USING (institution_id)
    LEFT JOIN movements USING (institution_id)
    LEFT JOIN away USING (institution_id)
    LEFT JOIN headcount USING (institution_id)
),

rolled AS (
    SELECT
        *,
        CASE
            WHEN list_count IS NOT NULL
                THEN greatest(list_count - departed_count - died_count + arrived_count + born_count - leave_count, 0)
        END AS rolled_present_count
    FROM sources
),

-- The two sources agree within the larger tolerance, max(2, 3 %) of the signed headcount.
judged AS (
    SELECT
        rolled.*,
        CASE
            WHEN pattern = 'FIRST_CONTACT' THEN 'STREET_PATROL'
            WHEN list_count IS NULL AND headcount_present_count IS NULL THEN 'NO_SOURCE'
            WHEN list_count IS NULL THEN 'NO_LIST'
            WHEN headcount_present_count IS NULL THEN 'NO_HEADCOUNT'
            WHEN abs(rolled_present_count - headcount_present_count) <= greatest(
                round.expected_tolerance_count, round.expected_tolerance_rate * headcount_present_count
            ) THEN 'AGREE'
            ELSE 'DISAGREE'
        END AS reason
    FROM rolled
    CROSS JOIN round
),

-- Where they disagree, heads counted at the moment have fewer ways to be wrong than a list carried forward three months:
-- a ward left out, leavers still on it, movements nobody wrote down. The reason stays until somebody explains the difference.
chosen AS (
    SELECT
        *,
        CASE
            WHEN reason IN ('STREET_PATROL', 'NO_SOURCE') THEN NULL
            WHEN reason IN ('NO_LIST', 'DISAGREE') THEN 'HEADCOUNT'
            ELSE 'LIST'
        END AS source
    FROM judged
),

computed AS (
    SELECT
        institution_id,
        COALESCE(list_count, 0) AS list_count,
        departed_count,
        died_count,
        arrived_count,
        born_count,
        leave_count,
        untimed_count,
        rolled_present_count,
        headcount_present_count,
        headcount_absent_count,
        source,
        CASE source WHEN 'LIST' THEN rolled_present_count WHEN 'HEADCOUNT' THEN headcount_present_count END
            AS expected_present_count,
        CASE
            WHEN source IS NULL THEN NULL
            WHEN pattern = 'BOARDER_HOME' THEN 0
            -- all live here but those the headcount says live elsewhere
            WHEN pattern = 'HERE' AND source = 'LIST' THEN greatest(
                rolled_present_count - COALESCE(headcount_present_count - headcount_usual_present_count, 0), 0
            ) + leave_count
            WHEN pattern = 'HERE'
                THEN COALESCE(headcount_usual_present_count, headcount_present_count) + COALESCE(headcount_absent_count, 0)
            -- who of the patients lives here the headcount says; without it, who has been here a year or more
            ELSE COALESCE(headcount_usual_present_count + COALESCE(headcount_absent_count, 0), long_stay_count)
        END AS expected_usual_count,
        CASE
            WHEN source IS NULL THEN 'MISSING'
            WHEN reason = 'AGREE' THEN 'FIRM'
            ELSE 'PROVISIONAL'
        END AS grade,
        reason
    FROM chosen
)

-- Of a closed round E is what was frozen, whatever code or reference data make of the papers since.
SELECT
    computed.* REPLACE (
        IF(frozen.institution_id IS NULL, computed.expected_present_count, frozen.expected_present_count) AS expected_present_count,
        IF(frozen.institution_id IS NULL, computed.expected_usual_count, frozen.expected_usual_count) AS expected_usual_count,
        -- NULLIF changes no value: the engine lays a column down in other bytes where it knows that nothing can be empty,
        -- and closed or open the bytes shall be the same
        NULLIF(COALESCE(frozen.grade, computed.grade), '') AS grade
    )
FROM computed
LEFT JOIN frozen_expected AS frozen USING (institution_id)
