-- How alike two values are, as a level of the model: 1 equal, then further and further apart; 0 where a side says nothing.

-- More than so many slips of the hand apart, at a glance: a slip alters two letters in place at most.
CREATE OR REPLACE TEMP MACRO is_beyond(slips, a, b) AS strlen(a) = strlen(b) AND hamming(a, b) > 2 * slips;

-- At most so many slips of the hand: a letter or digit left out, put in, replaced, or two swapped. Counting slips is slow, and a look at
-- the letters in place, then at those in common, tells most pairs from one another.
CREATE OR REPLACE TEMP MACRO is_within(slips, a, b) AS
CASE
    WHEN is_beyond(slips, a, b) THEN FALSE
    WHEN jaro_similarity(a, b) >= 0.75 THEN damerau_levenshtein(a, b) <= slips
    ELSE FALSE
END;

-- How alike two names are together; a missing one is taken for a stranger's.
CREATE OR REPLACE TEMP MACRO names_likeness(a_given, a_family, b_given, b_family) AS
COALESCE(jaro_winkler_similarity(a_given, b_given), 0.4) + COALESCE(jaro_winkler_similarity(a_family, b_family), 0.4);

-- What a name may weigh at best, found in one order or the other.
CREATE OR REPLACE TEMP MACRO name_at_best(a, b, crossed, equal_weight, unequal_weight) AS
CASE
    WHEN a = b THEN equal_weight
    WHEN a = crossed THEN greatest(equal_weight, unequal_weight)
    ELSE unequal_weight
END;

-- Equal, one slip of the hand, near, different.
CREATE OR REPLACE TEMP MACRO name_level(a, b, likeness) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN 1
    WHEN likeness < 0.75 THEN 4
    WHEN likeness >= 0.93 OR is_within(1, a, b) THEN 2
    WHEN likeness >= 0.85 OR is_within(2, a, b) THEN 3
    ELSE 4
END;

CREATE OR REPLACE TEMP MACRO patronymic_level(a, b) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN 1
    WHEN jaro_winkler_similarity(a, b) >= 0.88 THEN 2
    ELSE 3
END;

CREATE OR REPLACE TEMP MACRO sex_level(a, b) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN 1
    ELSE 2
END;

-- Equal; one slip, or day and month swapped; as far as both say; two of year, month and day; the year; nothing.
CREATE OR REPLACE TEMP MACRO birth_level(a, a_year, a_month, a_day, b, b_year, b_month, b_day) AS
CASE
    WHEN a_year IS NULL OR b_year IS NULL THEN 0
    WHEN a = b THEN 1
    WHEN a IS NULL OR b IS NULL
        THEN CASE WHEN a_year = b_year AND COALESCE(a_month = b_month, TRUE) AND COALESCE(a_day = b_day, TRUE) THEN 3 ELSE 6 END
    WHEN is_within(1, a, b) OR (a_year = b_year AND a_month = b_day AND a_day = b_month) THEN 2
    WHEN (a_year = b_year)::INTEGER + (a_month = b_month)::INTEGER + (a_day = b_day)::INTEGER = 2 OR is_within(2, a, b) THEN 4
    WHEN a_year = b_year THEN 5
    ELSE 6
END;

-- Equal, one slip, two slips in a number long enough, different.
CREATE OR REPLACE TEMP MACRO number_level(a, b) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN 1
    WHEN is_within(1, a, b) THEN 2
    WHEN is_within(2, a, b) AND length(a) >= 6 THEN 3
    ELSE 4
END;

-- Code and name of a place say one thing, not two: both, the code, the name, one of them with a slip, neither.
CREATE OR REPLACE TEMP MACRO place_level(a_code, a_name, b_code, b_name) AS
CASE
    WHEN (a_code IS NULL OR b_code IS NULL) AND (a_name IS NULL OR b_name IS NULL) THEN 0
    WHEN a_code = b_code AND a_name = b_name THEN 1
    WHEN a_code = b_code THEN 2
    WHEN a_name = b_name THEN 3
    WHEN is_within(1, a_code, b_code) AND jaro_winkler_similarity(a_name, b_name) >= 0.88 THEN 4
    WHEN jaro_winkler_similarity(a_name, b_name) >= 0.93 THEN 5
    WHEN is_within(1, a_code, b_code) THEN 6
    ELSE 7
END;

-- What an equal value weighs beyond the average of its field: the rarer it is among the other records, the more.
CREATE OR REPLACE TEMP MACRO rarity(value_count, records, share) AS
log2(share * (records + 999)) - log2(value_count - 1 + 1000 * share);

-- A word that ends as patronymics do.
CREATE OR REPLACE TEMP MACRO is_patronymic(word) AS
regexp_matches(word, '(?i).{2,}(вич|вна|ична|ұлы|улы|қызы|кызы|оглы|оглу|vich|vna|ichna|uly|qyzy|kyzy|ogly)$');
