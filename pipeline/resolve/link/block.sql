-- What a record shares with those it is compared to: one row per record and rule, with a hash of what the rule looks at. Names count in
-- either order. A rule without all it looks at says nothing. The first five rules are narrow, the others wide.
WITH sounded AS (
    SELECT
        *,
        COALESCE(least(family_sound, given_sound), family_sound, given_sound) AS one_sound,
        greatest(family_sound, given_sound) AS other_sound,
        least(family, given) AS one_name,
        greatest(family, given) AS other_name,
        birth_month || birth_day AS birth_day_of_year
    FROM record
)

SELECT no, 1 AS rule, hash(national_id) AS block FROM sounded WHERE national_id IS NOT NULL
UNION ALL
SELECT no, 2, hash(one_sound || '|' || other_sound || birth_year) FROM sounded WHERE one_sound || other_sound || birth_year IS NOT NULL
UNION ALL
SELECT no, 3, hash(birth || family_sound) FROM sounded WHERE birth || family_sound IS NOT NULL
UNION ALL
SELECT no, 4, hash(birth || given_sound) FROM sounded WHERE birth || given_sound IS NOT NULL
UNION ALL
SELECT no, 5, hash(birth || COALESCE(place_code, place_name)) FROM sounded WHERE birth || COALESCE(place_code, place_name) IS NOT NULL
UNION ALL
SELECT no, 6, hash(national_id[:length(national_id) // 2 + 1]) FROM sounded WHERE length(national_id) >= 6
UNION ALL
SELECT no, 7, hash(national_id[length(national_id) // 2:]) FROM sounded WHERE length(national_id) >= 6
UNION ALL
SELECT no, 8, hash(one_name || '|' || other_name) FROM sounded WHERE one_name IS NOT NULL AND other_name IS NOT NULL
UNION ALL
SELECT no, 9, hash(birth) FROM sounded WHERE birth IS NOT NULL
UNION ALL
SELECT no, 10, hash(family_sound || '|' || COALESCE(place_code, place_name))
FROM sounded
WHERE family_sound || COALESCE(place_code, place_name) IS NOT NULL
UNION ALL
SELECT no, 11, hash(given_sound || '|' || COALESCE(place_name, place_code))
FROM sounded
WHERE given_sound || COALESCE(place_name, place_code) IS NOT NULL
UNION ALL
SELECT no, 12, hash(birth_day_of_year || one_sound) FROM sounded WHERE birth_day_of_year || one_sound IS NOT NULL
