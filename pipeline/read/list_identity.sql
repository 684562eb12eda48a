-- Who the rows of the lists in force are about.
SELECT
    entry_id,
    iin,
    full_name_raw,
    family_name,
    given_name,
    patronymic,
    sex,
    birth_on,
    birth_date_precision
FROM list_row
