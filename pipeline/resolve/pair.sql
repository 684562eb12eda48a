-- Pairs of records that may be one person, with the tier that says so, or why a human should look.
WITH move AS (
    SELECT
        record_document.record_no,
        document_key.institution_id,
        document_key.other_institution_id,
        document_key.movement_type,
        document_key.occurred_on
    FROM record_document
    JOIN document_key ON record_document.document_no = document_key.no
    WHERE NOT document_key.is_entry
),

-- The admission books of one institution name the other; or one lets the person go on the day on which the other takes the person in.
transfer AS (
    SELECT
        record_no,
        other_institution_id
    FROM move
    WHERE movement_type IN ('TRANSFER_IN', 'TRANSFER_OUT') AND other_institution_id IS NOT NULL
    UNION
    SELECT
        gone.record_no,
        unnest([gone.institution_id, come.institution_id]) AS other_institution_id
    FROM move AS gone
    JOIN move AS come USING (record_no, occurred_on)
    WHERE gone.movement_type IN ('DISCHARGE', 'LEAVE')
    AND come.movement_type = 'ADMISSION'
    AND gone.institution_id <> come.institution_id
),

-- How many children of a family, without a given name yet, the institution's books know of that day: born there, brought or let go.
newborn AS (
    SELECT
        institution_id,
        family_code,
        birth_on,
        max(child_count) AS child_count
    FROM (
        SELECT
            institution_id,
            family_code,
            birth_on,
            movement_type,
            count(*) AS child_count
        FROM document_key
        WHERE NOT is_entry
        GROUP BY institution_id, family_code, birth_on, movement_type
    )
    GROUP BY institution_id, family_code, birth_on
),

-- Who bears a name, where a number was typed: twins have near names, and one may get the other's number.
likeness AS MATERIALIZED (
    FROM compared('record_pair', 'current_record', 'current_record')
),

close_pair AS (
    SELECT likeness.a_no, likeness.b_no, a.iin, a.birth_on, a.family_code, a.given_code AS a_given_code, b.given_code AS b_given_code
    FROM likeness
    JOIN current_record AS a ON likeness.a_no = a.no
    JOIN current_record AS b ON likeness.b_no = b.no
    WHERE likeness.iin_like = 2 AND likeness.given_like = 1 AND likeness.birth_like >= 1
),

bearer AS (
    SELECT iin, birth_on, family_code, given_code FROM current_record WHERE iin IS NOT NULL AND NOT is_silent
    UNION ALL
    SELECT iin, birth_on, family_code, given_code FROM document_key WHERE iin IS NOT NULL
),

twin_pair AS (
    SELECT DISTINCT close_pair.a_no, close_pair.b_no
    FROM close_pair
    JOIN bearer
        ON close_pair.birth_on = bearer.birth_on
        AND close_pair.family_code = bearer.family_code
        AND bearer.given_code IN (close_pair.a_given_code, close_pair.b_given_code)
        AND close_pair.iin <> bearer.iin
),

together AS (
    SELECT
        likeness.*,
        a.record_id AS a_record_id,
        b.record_id AS b_record_id,
        COALESCE(left_side.institution_id = right_side.institution_id, FALSE) AS is_one_place,
        COALESCE(left_side.entry_no = right_side.entry_no, FALSE) AS is_one_entry,
        COALESCE(left_side.institution_id = right_side.institution_id, FALSE)
        AND (
            COALESCE(left_side.entry_no <> right_side.entry_no, FALSE)
            OR (
                COALESCE(left_side.list_entry_no <> right_side.list_entry_no, FALSE)
                AND left_side.entry_no IS DISTINCT FROM right_side.entry_no
            )
        ) AS is_two_entries,
        left_side.is_row_named AND right_side.is_row_named AS is_row_named,
        COALESCE(left_side.institution_id = right_side.institution_id AND a.stay_from_on <> b.stay_from_on, FALSE)
            AS is_two_stays,
        COALESCE(a.sex <> b.sex, FALSE) AS is_sex_different,
        COALESCE(a.birth_on = b.birth_on, FALSE) AS is_one_date,
        COALESCE(a.contested_iin = b.contested_iin, FALSE) AS is_one_contested_iin,
        -- one of the two cannot have been issued so; the last digits, in which twins' numbers differ, agree
        likeness.iin_like = 1 AND iin_check_ok(a.iin) <> iin_check_ok(b.iin) AND right(a.iin, 2) = right(b.iin, 2) AS is_slip,
        a.given_code IS NULL AND b.given_code IS NULL AND newborn.child_count = 1 AS is_only_newborn,
        (a.given_code IS NULL) <> (b.given_code IS NULL) AS is_given_name_missing,
        twin_pair.a_no IS NOT NULL AS is_twin,
        a_transfer.record_no IS NOT NULL OR b_transfer.record_no IS NOT NULL AS is_transferred
    FROM likeness
    JOIN current_record AS a ON likeness.a_no = a.no
    JOIN current_record AS b ON likeness.b_no = b.no
    JOIN linkable AS left_side ON likeness.a_no = left_side.no
    JOIN linkable AS right_side ON likeness.b_no = right_side.no
    LEFT JOIN twin_pair ON likeness.a_no = twin_pair.a_no AND likeness.b_no = twin_pair.b_no
    LEFT JOIN newborn
        ON left_side.institution_id = newborn.institution_id
        AND left_side.family_code = newborn.family_code
        AND left_side.birth_on = newborn.birth_on
    LEFT JOIN transfer AS a_transfer
        ON likeness.a_no = a_transfer.record_no AND right_side.institution_id = a_transfer.other_institution_id
    LEFT JOIN transfer AS b_transfer
        ON likeness.b_no = b_transfer.record_no AND left_side.institution_id = b_transfer.other_institution_id
    ANTI JOIN renumbered ON likeness.a_no = renumbered.a_no AND likeness.b_no = renumbered.b_no
),

-- What parts two records whatever else agrees: two numbers, two entries of one list, two names of twins; and, where neither number nor
-- row holds them together, two days of admission: namesakes born on one day come on different days.
parted AS (
    SELECT
        *,
        given_like = 2 AND family_like = 2 AS is_one_name,
        -- a number is borne out by the birth date, or by a name where nothing else speaks against it: a namesake has another father
        birth_like >= 1
        OR (given_like = 2 AND (family_like >= 0 OR birth_like >= 0) AND (birth_like >= 0 OR patronymic_like >= 0))
        OR (given_like >= 0 AND family_like >= 1 AND birth_like >= 0) AS is_borne_out,
        CASE
            WHEN iin_like = -1 THEN 'TWO_NUMBERS'
            WHEN is_two_entries AND NOT (iin_like = 2 AND given_like = 2 AND birth_like >= 0 AND patronymic_like >= 0) THEN 'TWO_ENTRIES'
            WHEN given_like = -1 AND (iin_like < 1 OR family_like >= 1) THEN 'TWO_GIVEN_NAMES'
            WHEN given_like = 1 AND birth_like >= 1 AND (is_twin OR (iin_like < 1 AND NOT is_row_named)) THEN 'NEAR_GIVEN_NAMES'
            WHEN is_two_stays AND iin_like < 1 AND NOT (is_one_entry AND is_row_named) THEN 'TWO_STAYS'
        END AS bar
    FROM together
),

tiered AS (
    SELECT
        *,
        CASE
            WHEN bar IS NOT NULL THEN NULL
            WHEN iin_like = 2 AND is_borne_out THEN 'A'
            WHEN is_one_entry AND given_like >= 0 AND (given_like = 2 OR is_row_named OR iin_like >= 1) THEN 'L'
            WHEN iin_like = 1 AND is_one_name AND birth_like >= 1 AND patronymic_like >= 0 THEN 'D'
            WHEN is_slip AND given_like >= 1 AND family_like >= 1 AND birth_like = 2 AND patronymic_like >= 0 THEN 'D'
            WHEN iin_like = 1 THEN NULL
            -- a number that others bear too says little, yet more than none
            WHEN is_one_contested_iin AND is_one_name AND birth_like = 2 AND patronymic_like >= 0 THEN 'A'
            WHEN is_one_place AND is_only_newborn AND family_like = 2 AND birth_like = 2 AND NOT is_sex_different THEN 'C'
            WHEN NOT is_one_place
                THEN CASE
                    WHEN is_sex_different OR NOT is_one_name OR birth_like < 2 THEN NULL
                    WHEN patronymic_like = 2 OR (patronymic_like >= 0 AND is_transferred) THEN 'F'
                END
            WHEN is_one_name AND is_one_date AND patronymic_like >= 0
                THEN CASE WHEN patronymic_like = 2 OR NOT is_sex_different THEN 'C' END
            WHEN family_like = 1 AND given_like = 2 AND birth_like = 2 AND patronymic_like = 2 THEN 'C'
            WHEN is_one_name AND birth_like = 1 AND patronymic_like = 2 AND NOT is_sex_different THEN 'E'
        END AS tier
    FROM parted
)

SELECT
    a_no,
    b_no,
    a_record_id,
    b_record_id,
    tier,
    points,
    bar,
    iin_like,
    family_like,
    given_like,
    patronymic_like,
    birth_like,
    is_swapped,
    is_one_place,
    is_one_entry,
    is_two_entries,
    iin_like = 1 AS is_neighbour,
    CASE
        WHEN tier IS NOT NULL THEN NULL
        WHEN bar = 'TWO_NUMBERS' AND is_one_name AND birth_like = 2 AND patronymic_like >= 0 THEN bar
        WHEN bar = 'TWO_ENTRIES' AND iin_like = 2 THEN bar
        WHEN bar = 'TWO_STAYS' AND is_one_name AND birth_like = 2 AND patronymic_like >= 0 THEN bar
        WHEN bar = 'NEAR_GIVEN_NAMES' AND family_like = 2 AND patronymic_like >= 1 AND NOT is_sex_different THEN bar
        WHEN bar IS NOT NULL THEN NULL
        -- 1 January stands for an unknown day: written twice it agrees no further than the year
        WHEN is_one_name AND NOT is_one_place AND is_one_date AND patronymic_like >= 0 THEN 'OTHER_INSTITUTION'
        WHEN is_one_name AND is_one_place AND birth_like = 1 AND patronymic_like >= 0 THEN 'NEAR_BIRTH_DATES'
        WHEN is_one_name AND birth_like = 2 THEN 'NAME_AND_BIRTH_DATE'
        WHEN family_like = 1 AND given_like = 2 AND birth_like = 2 AND is_one_place AND patronymic_like >= 0
            THEN 'NEAR_FAMILY_NAMES'
        WHEN is_given_name_missing AND family_like = 2 AND birth_like = 2 AND is_one_place AND patronymic_like >= 0 AND NOT is_sex_different
            THEN 'GIVEN_NAME_MISSING'
        WHEN iin_like = 1 AND given_like >= 1 AND family_like >= 1 THEN 'NEIGHBOUR_NUMBERS'
        WHEN iin_like = 2 THEN 'NUMBER_ALONE'
    END AS review_reason
FROM tiered
