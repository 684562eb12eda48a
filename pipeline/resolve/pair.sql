-- Pairs of records that may be one person, with the tier that says so, or why a human should look.
-- Only keys that more than one and not too many records share make pairs.
WITH same_iin AS (
    SELECT iin FROM linkable WHERE iin IS NOT NULL GROUP BY iin HAVING count(*) BETWEEN 2 AND 50
),

same_name_and_birth AS (
    SELECT name_hash, birth_on
    FROM linkable
    WHERE name_hash IS NOT NULL AND birth_on IS NOT NULL
    GROUP BY name_hash, birth_on
    HAVING count(*) BETWEEN 2 AND 50
),

same_name_here AS (
    SELECT institution_id, name_hash
    FROM linkable
    WHERE name_hash IS NOT NULL
    GROUP BY institution_id, name_hash
    HAVING count(*) BETWEEN 2 AND 50
),

same_entry AS (
    SELECT entry_no FROM linkable WHERE entry_no IS NOT NULL GROUP BY entry_no HAVING count(*) BETWEEN 2 AND 50
),

same_birth_and_family AS (
    SELECT institution_id, birth_on, family_key
    FROM linkable
    WHERE birth_on IS NOT NULL AND family_key IS NOT NULL
    GROUP BY institution_id, birth_on, family_key
    HAVING count(*) BETWEEN 2 AND 50
),

same_birth_and_given AS (
    SELECT institution_id, birth_on, given_key
    FROM linkable
    WHERE birth_on IS NOT NULL AND given_key IS NOT NULL
    GROUP BY institution_id, birth_on, given_key
    HAVING count(*) BETWEEN 2 AND 50
),

candidate AS (
    SELECT a.no AS a_no, b.no AS b_no
    FROM (FROM linkable SEMI JOIN same_iin USING (iin)) AS a
    JOIN (FROM linkable SEMI JOIN same_iin USING (iin)) AS b USING (iin)
    WHERE a.no < b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no
    FROM (FROM linkable SEMI JOIN same_name_and_birth USING (name_hash, birth_on)) AS a
    JOIN (FROM linkable SEMI JOIN same_name_and_birth USING (name_hash, birth_on)) AS b USING (name_hash, birth_on)
    WHERE a.no < b.no
    UNION
    SELECT least(a.no, b.no) AS a_no, greatest(a.no, b.no) AS b_no
    FROM linkable AS a
    JOIN linkable AS b ON a.swap_hash = b.name_hash AND a.birth_on = b.birth_on
    WHERE a.no <> b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no
    FROM (FROM linkable SEMI JOIN same_name_here USING (institution_id, name_hash)) AS a
    JOIN (FROM linkable SEMI JOIN same_name_here USING (institution_id, name_hash)) AS b
        USING (institution_id, name_hash)
    WHERE a.no < b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no
    FROM (FROM linkable SEMI JOIN same_entry USING (entry_no)) AS a
    JOIN (FROM linkable SEMI JOIN same_entry USING (entry_no)) AS b USING (entry_no)
    WHERE a.no < b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no
    FROM (FROM linkable SEMI JOIN same_birth_and_family USING (institution_id, birth_on, family_key)) AS a
    JOIN (FROM linkable SEMI JOIN same_birth_and_family USING (institution_id, birth_on, family_key)) AS b
        USING (institution_id, birth_on, family_key)
    WHERE a.no < b.no
    UNION
    SELECT a.no AS a_no, b.no AS b_no
    FROM (FROM linkable SEMI JOIN same_birth_and_given USING (institution_id, birth_on, given_key)) AS a
    JOIN (FROM linkable SEMI JOIN same_birth_and_given USING (institution_id, birth_on, given_key)) AS b
        USING (institution_id, birth_on, given_key)
    WHERE a.no < b.no
),

compared AS (
    SELECT
        a.no AS a_no,
        b.no AS b_no,
        a.record_id AS a_record_id,
        b.record_id AS b_record_id,
        COALESCE(a.institution_id = b.institution_id, FALSE) AS is_one_place,
        COALESCE(a.entry_no = b.entry_no, FALSE) AS is_one_entry,
        COALESCE(a.institution_id = b.institution_id AND a.entry_no <> b.entry_no, FALSE) AS is_two_entries,
        COALESCE(a.is_row_named, FALSE) AND COALESCE(b.is_row_named, FALSE) AS is_row_named,
        COALESCE(a.contested_iin = b.contested_iin, FALSE) AS is_one_contested_iin,
        COALESCE(a.given IS NULL AND b.given IS NULL AND a.newborn_count = 1, FALSE) AS is_only_newborn,
        COALESCE(a.sex <> b.sex, FALSE) AS is_sex_different,
        COALESCE(a.birth_on = b.birth_on, FALSE) AS is_one_date,
        COALESCE(a.swapped_family = b.family AND a.swapped_given = b.given, FALSE)
        OR COALESCE(b.swapped_family = a.family AND b.swapped_given = a.given, FALSE) AS is_swapped,
        iin_likeness(a.iin, a.is_iin_sound, b.iin, b.is_iin_sound) AS iin_like,
        name_likeness(a.family, a.family_key, b.family, b.family_key) AS family_raw_like,
        name_likeness(a.given, a.given_key, b.given, b.given_key) AS given_raw_like,
        name_likeness(a.patronymic, a.patronymic_key, b.patronymic, b.patronymic_key) AS patronymic_like,
        birth_likeness(a.birth_on, a.is_birth_exact, b.birth_on, b.is_birth_exact) AS birth_like
    FROM candidate
    JOIN linkable AS a ON candidate.a_no = a.no
    JOIN linkable AS b ON candidate.b_no = b.no
),

rated AS (
    SELECT
        *,
        CASE WHEN is_swapped THEN 2 ELSE family_raw_like END AS family_like,
        CASE WHEN is_swapped THEN 2 ELSE given_raw_like END AS given_like
    FROM compared
),

-- What parts two records whatever else agrees: two sound numbers, two entries of one list, two names of twins.
parted AS (
    SELECT
        *,
        likeness_points(iin_like, family_like, given_like, patronymic_like, birth_like) AS points,
        given_like = 2 AND family_like = 2 AS is_one_name,
        CASE
            WHEN iin_like = -1 THEN 'TWO_NUMBERS'
            WHEN is_two_entries AND NOT (iin_like = 2 AND given_like = 2) THEN 'TWO_ENTRIES'
            WHEN given_like = -1 AND family_like >= 1 AND birth_like >= 1 THEN 'TWO_GIVEN_NAMES'
            WHEN given_like = 1 AND birth_like >= 1 AND iin_like < 1 AND NOT is_row_named THEN 'NEAR_GIVEN_NAMES'
        END AS bar
    FROM rated
),

tiered AS (
    SELECT
        *,
        CASE
            WHEN bar IS NOT NULL THEN NULL
            WHEN iin_like = 2 THEN 'A'
            WHEN is_one_entry AND given_like >= 0 AND (given_like = 2 OR is_row_named OR iin_like >= 1) THEN 'L'
            WHEN iin_like = 1 AND is_one_name AND birth_like >= 1 AND patronymic_like >= 0 THEN 'D'
            WHEN iin_like = 1 THEN NULL
            -- a number that others bear too says little, yet more than none
            WHEN is_one_contested_iin AND is_one_name AND birth_like = 2 AND patronymic_like >= 0 THEN 'A'
            WHEN is_one_place AND is_only_newborn AND family_like = 2 AND birth_like = 2 AND NOT is_sex_different THEN 'C'
            WHEN NOT is_one_place
                THEN CASE
                    WHEN is_one_name AND birth_like = 2 AND patronymic_like = 2 AND NOT is_sex_different THEN 'F'
                END
            WHEN is_one_name AND birth_like = 2 AND patronymic_like >= 0
                THEN CASE WHEN patronymic_like = 2 OR NOT is_sex_different THEN 'C' END
            WHEN is_one_name AND is_one_date AND patronymic_like >= 0 AND NOT is_sex_different THEN 'C'
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
    is_swapped,
    iin_like = 1 AS is_neighbour,
    CASE
        WHEN tier IS NOT NULL THEN NULL
        WHEN bar = 'TWO_NUMBERS' AND is_one_name AND birth_like = 2 AND patronymic_like >= 0 THEN bar
        WHEN bar = 'TWO_ENTRIES' AND iin_like = 2 THEN bar
        WHEN bar = 'NEAR_GIVEN_NAMES' AND family_like = 2 AND patronymic_like >= 1 AND NOT is_sex_different THEN bar
        WHEN bar IS NOT NULL THEN NULL
        WHEN is_one_name AND NOT is_one_place AND birth_like = 2 AND patronymic_like >= 0 THEN 'OTHER_INSTITUTION'
        WHEN is_one_name AND is_one_place AND birth_like = 1 AND patronymic_like >= 0 THEN 'NEAR_BIRTH_DATES'
        WHEN is_one_name AND birth_like = 2 THEN 'NAME_AND_BIRTH_DATE'
        WHEN family_like = 1 AND given_like = 2 AND birth_like = 2 AND is_one_place AND patronymic_like >= 0 THEN 'NEAR_FAMILY_NAMES'
        WHEN iin_like = 1 AND given_like >= 1 AND family_like >= 1 THEN 'NEIGHBOUR_NUMBERS'
    END AS review_reason
FROM tiered
