-- The rows of the lists in force, cell by cell: read out of their JSON once, for what is theirs and for whom they are about.
CREATE OR REPLACE TEMP TABLE list_row AS
WITH opened AS (
    SELECT
        record_id AS entry_id,
        list_id,
        institution_id,
        from_json(
            cells,
            '{"entry_no": "INTEGER", "ward": "VARCHAR", "admitted_on": "DATE", "note_code": "VARCHAR", "sex": "INTEGER", "iin": "VARCHAR",
            "full_name_raw": "VARCHAR", "family_name": "VARCHAR", "given_name": "VARCHAR", "patronymic": "VARCHAR",
            "birth_on": "DATE", "birth_date_precision": "VARCHAR"}'
        ) AS cell
    FROM office_state
    WHERE route = 'list' AND state = 'in_force'
)

SELECT
    entry_id,
    list_id,
    institution_id,
    unnest(cell)
FROM opened
