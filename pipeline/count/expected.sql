-- How many people each institution should have had at the census moment (method 3).
-- Made from the stage-1 list, the movements and the signed headcount; never from what was enumerated.
WITH site AS (
    SELECT
        institution.institution_id,
        residence_rule.pattern
    FROM institution
    LEFT JOIN residence_rule USING (category_code)
    CROSS JOIN round
    WHERE institution.closed_on IS NULL OR institution.closed_on > round.moment_on
),

-- A person on paper, by name and birth date: only this way can a list be held against movements.
on_list AS (
    SELECT
        list_entry.entry_id,
        list_entry.institution_id,
        list_entry.admitted_on,
        COALESCE(list.list_as_of_on, round.list_as_of_on) AS as_of_on,
        list_identity.iin,
        concat_ws(
            '|', name_fold(list_identity.family_name), name_fold(list_identity.given_name),
            name_fold(list_identity.patronymic), list_identity.birth_on
        ) AS person_key,
        list_identity.birth_on,
        list_identity.family_name IS NOT NULL AND list_identity.birth_on IS NOT NULL
        AND list_identity.birth_date_precision = 'DAY'
        AND NOT COALESCE(name_is_placeholder(list_identity.family_name), FALSE) AS is_known
    FROM list_entry
    JOIN list USING (list_id)
    JOIN list_identity USING (entry_id)
    CROSS JOIN round
    WHERE list_entry.note_code IS DISTINCT FROM 'STAFF'
),

-- Rows equal in name and birth date are one person unless their numbers differ; a number missing in one parts nobody.
numbered AS (
    SELECT
        *,
        COALESCE(iin, min(iin) OVER (PARTITION BY institution_id, person_key)) AS known_iin
    FROM on_list
),

by_name AS (
    SELECT *
    FROM numbered
    QUALIFY NOT is_known
    OR row_number() OVER (PARTITION BY institution_id, person_key, known_iin, is_known ORDER BY entry_id) = 1
),

-- So are rows equal in number and birth date, however the name is spelt.
listed AS (
    SELECT *
    FROM by_name
    QUALIFY iin IS NULL OR birth_on IS NULL
    OR row_number() OVER (PARTITION BY institution_id, iin, birth_on ORDER BY entry_id) = 1
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
        concat_ws(
            '|', name_fold(movement_identity.family_name), name_fold(movement_identity.given_name),
            name_fold(movement_identity.patronymic), movement_identity.birth_on
        ) AS person_key,
        movement_identity.family_name IS NOT NULL AND movement_identity.birth_on IS NOT NULL
        AND NOT COALESCE(name_is_placeholder(movement_identity.family_name), FALSE) AS is_known,
        movement.occurred_at IS NULL AND movement.occurred_on = round.moment_on AS is_untimed
    FROM movement
    JOIN movement_identity USING (movement_id)
    LEFT JOIN list_span USING (institution_id)
    CROSS JOIN round
    WHERE movement.occurred_on > COALESCE(list_span.as_of_on, round.list_as_of_on)
    AND COALESCE(movement.occurred_at < round.census_moment_at, movement.occurred_on <= round.moment_on)
),

-- Away at the moment: whose last movement is a leave; going on leave twice is being away once.
last_move AS (
    SELECT
        institution_id,
        movement_type
    FROM moved
    QUALIFY row_number() OVER (
        PARTITION BY institution_id, CASE WHEN is_known THEN person_key ELSE movement_id END
        ORDER BY occurred_on DESC, occurred_at DESC NULLS LAST, movement_id DESC
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

arrived AS (
    SELECT DISTINCT
        institution_id,
        person_key
    FROM moved
    WHERE is_known AND movement_type IN ('ADMISSION', 'TRANSFER_IN', 'BIRTH')
),

gone AS (
    SELECT DISTINCT
        institution_id,
        person_key
    FROM moved
    WHERE is_known AND movement_type IN ('DISCHARGE', 'TRANSFER_OUT', 'DEATH')
),

-- A list drawn up in July may already show who came in June; the movement brings them, the list must not do so again.
stock AS (
    SELECT
        listed.institution_id,
        listed.admitted_on,
        gone.person_key IS NOT NULL AS is_gone
    FROM listed
    LEFT JOIN arrived USING (institution_id, person_key)
    LEFT JOIN gone USING (institution_id, person_key)
    WHERE arrived.person_key IS NULL OR COALESCE(listed.admitted_on <= listed.as_of_on, TRUE)
),

lists AS (
    SELECT
        list.institution_id,
        COALESCE(max(stocked.list_count), 0) AS list_count,
        COALESCE(max(stocked.long_stay_count), 0) AS long_stay_count
    FROM list
    LEFT JOIN (
        SELECT
            stock.institution_id,
            count(*) AS list_count,
            count(*) FILTER (
                WHERE NOT stock.is_gone AND stock.admitted_on <= round.moment_on - INTERVAL 12 MONTH
            ) AS long_stay_count
        FROM stock
        CROSS JOIN round
        GROUP BY stock.institution_id
    ) AS stocked USING (institution_id)
    GROUP BY list.institution_id
),

sources AS (
    SELECT
        site.institution_id,
        site.pattern,
        lists.list_count,
        lists.long_stay_count,
        movements.institution_id IS NOT NULL AS has_movements,
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
        greatest(list_count - departed_count - died_count + arrived_count + born_count - leave_count, 0)
            AS rolled_present_count
    FROM sources
),

-- The two sources agree within max(2, 3 %) of the signed headcount, in whole hundredths of a person.
judged AS (
    SELECT
        *,
        CASE
            WHEN pattern = 'FIRST_CONTACT' THEN 'STREET_PATROL'
            WHEN list_count IS NULL AND headcount_present_count IS NULL THEN 'NO_SOURCE'
            WHEN list_count IS NULL THEN 'NO_LIST'
            WHEN headcount_present_count IS NULL THEN 'NO_HEADCOUNT'
            WHEN abs(rolled_present_count - headcount_present_count) * 100
                <= greatest(200, 3 * headcount_present_count) THEN 'AGREE'
            ELSE 'DISAGREE'
        END AS reason
    FROM rolled
),

-- Where they disagree and nobody reported a movement, the list of 1 June cannot speak for 31 August: the headcount does.
chosen AS (
    SELECT
        *,
        CASE
            WHEN reason IN ('STREET_PATROL', 'NO_SOURCE') THEN NULL
            WHEN reason = 'NO_LIST' OR (reason = 'DISAGREE' AND NOT has_movements) THEN 'HEADCOUNT'
            ELSE 'LIST'
        END AS source
    FROM judged
)

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
        WHEN pattern = 'HERE' AND source = 'LIST' THEN rolled_present_count + leave_count
        WHEN pattern = 'HERE'
            THEN COALESCE(headcount_usual_present_count, headcount_present_count) + COALESCE(headcount_absent_count, 0)
        -- who of the patients lives here the headcount says; without it, who has been here a year or more
        ELSE COALESCE(headcount_usual_present_count, long_stay_count)
    END AS expected_usual_count,
    CASE
        WHEN source IS NULL THEN 'MISSING'
        WHEN reason = 'AGREE' THEN 'FIRM'
        ELSE 'PROVISIONAL'
    END AS grade,
    reason
FROM chosen
