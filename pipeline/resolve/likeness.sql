-- How alike two values are: 2 equal, 1 close, 0 one side says nothing, -1 they differ.

-- One byte per letter, so that distances count letters.
CREATE OR REPLACE TEMP MACRO letters(t) AS translate(t, 'АБВГДЕЖЗИКЛМНОПРСТУФХЧШ', 'ABVGDEJZIKLMNOPRSTUFHCW');

-- Close: one letter apart, or one phonetic key. Twins' names are close too (Хасен, Хусен): close alone proves nothing.
CREATE OR REPLACE TEMP MACRO name_likeness(a, a_key, b, b_key) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN 2
    WHEN a_key = b_key OR levenshtein(letters(a), letters(b)) <= 1 THEN 1
    ELSE -1
END;

-- Close: the same year where one side knows no more, day and month swapped, or the year one off.
CREATE OR REPLACE TEMP MACRO birth_likeness(a, a_is_exact, b, b_is_exact) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN CASE WHEN a_is_exact AND b_is_exact THEN 2 ELSE 1 END
    WHEN year(a) = year(b) AND NOT (a_is_exact AND b_is_exact) THEN 1
    WHEN year(a) = year(b) AND month(a) = day(b) AND day(a) = month(b) THEN 1
    WHEN abs(year(a) - year(b)) = 1 AND month(a) = month(b) AND day(a) = day(b) THEN 1
    ELSE -1
END;

-- Two sound numbers that are no neighbours belong to two people; a number that fails its check says less.
CREATE OR REPLACE TEMP MACRO iin_likeness(a, a_is_sound, b, b_is_sound) AS
CASE
    WHEN a IS NULL OR b IS NULL THEN 0
    WHEN a = b THEN 2
    WHEN iin_is_neighbour(a, b) THEN 1
    WHEN a_is_sound AND b_is_sound THEN -1
    ELSE 0
END;

-- Points for a row of likenesses; what is enough depends on what is compared.
CREATE OR REPLACE TEMP MACRO likeness_points(iin, family, given, patronymic, birth) AS
CASE iin WHEN 2 THEN 60 WHEN 1 THEN 30 WHEN -1 THEN -60 ELSE 0 END
+ CASE family WHEN 2 THEN 20 WHEN 1 THEN 12 WHEN -1 THEN -15 ELSE 0 END
+ CASE given WHEN 2 THEN 25 WHEN 1 THEN 8 WHEN -1 THEN -30 ELSE 0 END
+ CASE patronymic WHEN 2 THEN 12 WHEN 1 THEN 8 WHEN -1 THEN -12 ELSE 0 END
+ CASE birth WHEN 2 THEN 25 WHEN 1 THEN 12 WHEN -1 THEN -25 ELSE 0 END;
