-- One row per record: what was handed in, with a full name taken apart and the parts of the birth date found.
-- A patronymic is known by its ending; without one the family name is taken to come first. Whoever writes them the other way round is met
-- by comparing names crosswise.
WITH numbered AS (
    SELECT
        row_number() OVER (ORDER BY record_id) AS no,
        *
    FROM handed_in
),

worded AS (
    SELECT
        *,
        CASE
            WHEN family_name IS NULL AND given_name IS NULL THEN regexp_extract_all(
                regexp_replace(full_name, '(?i)[\s-]+(ұлы|улы|қызы|кызы|оглы|оглу|uly|qyzy|kyzy|ogly)\b', '\1', 'g'), '[^\s,;]+'
            )
        END AS words,
        CASE WHEN patronymic IS NULL AND contains(given_name, ' ') THEN regexp_extract_all(given_name, '\S+') END AS given_words,
        CASE
            WHEN regexp_full_match(birth_date, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
                THEN [birth_date[1:4], birth_date[6:7], birth_date[9:10]]
            ELSE regexp_extract_all(birth_date, '[0-9]+')
        END AS numbers
    FROM numbered
),

found AS (
    SELECT
        *,
        CASE WHEN words IS NOT NULL THEN COALESCE(list_position(list_transform(words, lambda w: is_patronymic(w)), TRUE), 0) END
            AS patronymic_at,
        COALESCE(len(given_words) > 1 AND is_patronymic(given_words[-1]), FALSE) AS is_given_two
    FROM worded
),

parted AS (
    SELECT
        *,
        CASE WHEN patronymic_at > 1 THEN list_filter(words, lambda w, i: i <> patronymic_at) ELSE words END AS plain_words,
        CASE
            WHEN len(numbers) >= 3 AND length(numbers[1]) = 4 THEN [numbers[1], numbers[2], numbers[3]]
            WHEN len(numbers) >= 3 AND length(numbers[3]) = 4 THEN [numbers[3], numbers[2], numbers[1]]
            WHEN len(numbers) = 2 AND length(numbers[1]) = 4 THEN [numbers[1], numbers[2]]
            WHEN len(numbers) = 2 AND length(numbers[2]) = 4 THEN [numbers[2], numbers[1]]
            WHEN len(numbers) = 1 AND length(numbers[1]) = 4 THEN numbers
            WHEN len(numbers) = 1 AND length(numbers[1]) = 6 THEN [numbers[1][1:4], numbers[1][5:6]]
            WHEN len(numbers) = 1 AND regexp_full_match(numbers[1], '(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:18|19|20)[0-9][0-9]')
                AND NOT regexp_full_match(numbers[1], '(?:18|19|20)[0-9][0-9](?:0[1-9]|1[0-2])[0-9]{2}')
                THEN [numbers[1][5:8], numbers[1][3:4], numbers[1][1:2]]
            WHEN length(array_to_string(numbers, '')) = 8 THEN list_transform(
                [array_to_string(numbers, '')], lambda t: [t[1:4], t[5:6], t[7:8]]
            )[1]
        END AS date_parts
    FROM found
)

SELECT
    no,
    record_id,
    CASE
        WHEN words IS NULL THEN family_name
        WHEN patronymic_at = 2 AND len(plain_words) > 1 THEN plain_words[-1]
        ELSE plain_words[1]
    END AS family_name,
    CASE
        WHEN is_given_two THEN array_to_string(given_words[:-2], ' ')
        WHEN words IS NULL THEN given_name
        WHEN patronymic_at = 2 AND len(plain_words) > 1 THEN plain_words[1]
        ELSE plain_words[2]
    END AS given_name,
    CASE
        WHEN patronymic IS NOT NULL THEN patronymic
        WHEN is_given_two THEN given_words[-1]
        WHEN patronymic_at > 1 THEN words[patronymic_at]
        ELSE nullif(array_to_string(plain_words[3:], ' '), '')
    END AS patronymic,
    CASE
        WHEN lower(sex) IN ('1', 'm', 'male', 'м', 'муж', 'муж.', 'мужской', 'е', 'ер', 'еркек') THEN 1
        WHEN lower(sex) IN ('2', 'f', 'female', 'ж', 'жен', 'жен.', 'женский', 'ә', 'әйел') THEN 2
    END AS sex,
    date_parts[1] AS birth_year,
    nullif(lpad(date_parts[2][:2], 2, '0'), '00') AS birth_month,
    nullif(lpad(date_parts[3][:2], 2, '0'), '00') AS birth_day,
    upper(regexp_replace(national_id, '[^\pL\pN]+', '', 'g')) AS national_id,
    upper(regexp_replace(place_code, '[^\pL\pN]+', '', 'g')) AS place_code,
    place_name
FROM parted
