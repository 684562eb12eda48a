-- How the cells of office papers are read; NULL where a cell is written otherwise. Behind a day may stand a time, which says nothing of it.
CREATE OR REPLACE TEMP MACRO office_day(t) AS
CASE
    WHEN regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?') THEN TRY_CAST(left(t, 10) AS DATE)
    WHEN regexp_full_match(t, '[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?')
        THEN CAST(try_strptime(split_part(t, ' ', 1), '%d.%m.%Y') AS DATE)
END;

CREATE OR REPLACE TEMP MACRO office_day_or_ever(t) AS CASE WHEN t <> '' THEN coalesce(office_day(t), DATE '1970-01-01') END;

CREATE OR REPLACE TEMP MACRO office_integer(t) AS CASE WHEN regexp_full_match(t, '-?[0-9]{1,9}') THEN TRY_CAST(t AS INTEGER) END;

-- A number of a certificate; never so many digits that it could be an IIN.
CREATE OR REPLACE TEMP MACRO office_number(t) AS CASE WHEN regexp_full_match(t, '[0-9]{1,10}') THEN TRY_CAST(t AS BIGINT) END;

CREATE OR REPLACE TEMP MACRO office_boolean(t) AS
    CASE lower(t) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE WHEN '1' THEN TRUE WHEN '0' THEN FALSE END;

CREATE OR REPLACE TEMP MACRO office_time(t) AS
    CASE WHEN regexp_full_match(t, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?') THEN TRY_CAST(t AS TIME) END;

-- An IIN; a number cell has lost its leading zeros.
CREATE OR REPLACE TEMP MACRO office_iin(t) AS
    CASE WHEN regexp_full_match(t, '[0-9]{9,12}') THEN NULLIF(lpad(t, 12, '0'), '000000000000') END;

CREATE OR REPLACE TEMP MACRO office_sex(t) AS CASE WHEN t IN ('1', '2') THEN CAST(t AS INTEGER) END;

-- A moment without offset is local time of the round's zone; a date cell without time is its midnight.
CREATE OR REPLACE TEMP MACRO office_moment(t, zone) AS
CASE
    WHEN regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})')
        THEN CAST(TRY_CAST(t AS TIMESTAMPTZ) AS TIMESTAMP)
    WHEN regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?')
        THEN CAST(timezone(zone, TRY_CAST(t AS TIMESTAMP)) AS TIMESTAMP)
END;

-- The tier of a ward; one that cannot be read may be any, and is the most sensitive.
CREATE OR REPLACE TEMP MACRO office_tier(t) AS CASE WHEN t IN ('S0', 'S1', 'S2', 'S3') THEN t WHEN t IS NOT NULL THEN 'S3' END;

CREATE OR REPLACE TEMP MACRO office_is_identifier(t) AS COALESCE(regexp_full_match(t, '[A-Za-z0-9._-]{1,64}'), FALSE);

-- Whether a cell that should hold a number, a date, a yes-or-no, a sex, a tier, an IIN or a moment holds something else.
CREATE OR REPLACE TEMP MACRO office_is_set_aside(cells) AS
len(list_filter(
    ['site_no', 'capacity', 'computer_count', 'cases_left_count', 'act_case_count', 'present_count', 'temporarily_absent_count',
        'living_in_staff_count', 'usual_present_count'],
    lambda name: json_extract_string(cells, name) IS NOT NULL AND office_integer(json_extract_string(cells, name)) IS NULL
)) > 0
OR len(list_filter(
    ['head_order_on', 'closed_on', 'order_on', 'trained_on', 'issued_on', 'returned_on', 'copied_on', 'wiped_on', 'birth_date', 'signed_on',
        'key_revoked_on', 'lost_on'],
    lambda name: json_extract_string(cells, name) IS NOT NULL AND office_day(json_extract_string(cells, name)) IS NULL
)) > 0
OR len(list_filter(
    ['is_web_only', 'has_room', 'has_internet', 'has_case', 'has_glass', 'has_charger', 'has_usb_cable', 'has_stylus', 'has_power_bank',
        'is_independent'],
    lambda name: json_extract_string(cells, name) IS NOT NULL AND office_boolean(json_extract_string(cells, name)) IS NULL
)) > 0
OR json_extract_string(cells, 'iin') IS NOT NULL AND office_iin(json_extract_string(cells, 'iin')) IS NULL
OR json_extract_string(cells, 'sex') IS NOT NULL AND office_sex(json_extract_string(cells, 'sex')) IS NULL
OR json_extract_string(cells, 'ward_tier') IS NOT NULL
AND office_tier(json_extract_string(cells, 'ward_tier')) <> json_extract_string(cells, 'ward_tier')
OR json_extract_string(cells, 'moment_at') IS NOT NULL AND office_moment(json_extract_string(cells, 'moment_at'), 'UTC') IS NULL
OR json_extract_string(cells, 'occurred_time') IS NOT NULL AND office_time(json_extract_string(cells, 'occurred_time')) IS NULL
