-- Which papers may speak of which records: by number everywhere, otherwise by two things they share.
WITH by_number AS (
    SELECT
        r.no AS a_no,
        d.no AS b_no,
        d.is_entry,
        COALESCE(r.here_id = d.institution_id, FALSE) AS is_here,
        COALESCE(r.here_id = d.institution_id AND r.list_entry_no = d.entry_no, FALSE) AS is_row_named,
        COALESCE(r.family_code = d.family_code AND r.given_code = d.given_code AND r.birth_on = d.birth_on, FALSE) AS is_exact
    FROM current_record AS r
    JOIN document_key AS d ON r.iin = d.iin
),

-- Whose entry is found beyond doubt needs no further search of that list.
found AS (
    SELECT DISTINCT a_no AS no FROM by_number WHERE is_here AND is_entry AND is_exact
),

searching AS (
    SELECT no, here_id, list_entry_no, names, birth_on, is_entry
    FROM (FROM current_record ANTI JOIN found USING (no))
    CROSS JOIN (SELECT unnest([TRUE, FALSE]) AS is_entry)
    UNION ALL
    SELECT no, here_id, list_entry_no, names, birth_on, FALSE AS is_entry
    FROM current_record
    SEMI JOIN found USING (no)
    WHERE EXISTS (FROM document_key WHERE NOT is_entry)
),

by_facts AS (
    SELECT r.no AS a_no, d.no AS b_no, r.here_id, r.list_entry_no, d.institution_id, d.entry_no
    FROM searching AS r
    JOIN document_key AS d ON r.is_entry = d.is_entry AND r.names = d.names AND r.birth_on = d.birth_on
    UNION ALL
    SELECT r.no AS a_no, d.no AS b_no, r.here_id, r.list_entry_no, d.institution_id, d.entry_no
    FROM (FROM current_record SEMI JOIN found USING (no)) AS r
    JOIN document_key AS d ON d.is_entry AND r.names = d.names AND r.birth_on = d.birth_on AND r.here_id <> d.institution_id
    UNION ALL
    SELECT r.no AS a_no, d.no AS b_no, r.here_id, r.list_entry_no, d.institution_id, d.entry_no
    FROM searching AS r
    JOIN document_key AS d ON r.is_entry = d.is_entry AND r.here_id = d.institution_id AND r.names = d.names
    UNION ALL
    SELECT r.no AS a_no, d.no AS b_no, r.here_id, r.list_entry_no, d.institution_id, d.entry_no
    FROM searching AS r
    JOIN document_key AS d ON r.is_entry = d.is_entry AND r.here_id = d.institution_id AND r.birth_on = d.birth_on
    UNION ALL
    SELECT r.no AS a_no, d.no AS b_no, r.here_id, r.list_entry_no, d.institution_id, d.entry_no
    FROM searching AS r
    JOIN document_key AS d ON r.is_entry = d.is_entry AND r.here_id = d.institution_id AND r.list_entry_no = d.entry_no
)

SELECT a_no, b_no, is_here, is_row_named FROM by_number
UNION
SELECT
    a_no,
    b_no,
    COALESCE(here_id = institution_id, FALSE) AS is_here,
    COALESCE(here_id = institution_id AND list_entry_no = entry_no, FALSE) AS is_row_named
FROM by_facts
