-- Entries of one list that may be one person written down twice.
WITH entry AS (
    SELECT no, institution_id, entry_no, admitted_on, iin, names
    FROM document_key
    WHERE is_entry
),

by_number AS (
    FROM entry SEMI JOIN (SELECT institution_id, iin FROM entry GROUP BY ALL HAVING count(*) > 1) USING (institution_id, iin)
),

by_name AS (
    FROM entry SEMI JOIN (SELECT institution_id, names FROM entry GROUP BY ALL HAVING count(*) > 1) USING (institution_id, names)
),

alike AS (
    SELECT a.no AS a_no, b.no AS b_no, a.admitted_on <> b.admitted_on AS is_admitted_apart
    FROM by_number AS a
    JOIN by_number AS b USING (institution_id, iin)
    WHERE (COALESCE(a.entry_no, 0), a.no) < (COALESCE(b.entry_no, 0), b.no)
    UNION
    SELECT a.no AS a_no, b.no AS b_no, a.admitted_on <> b.admitted_on AS is_admitted_apart
    FROM by_name AS a
    JOIN by_name AS b USING (institution_id, names)
    WHERE (COALESCE(a.entry_no, 0), a.no) < (COALESCE(b.entry_no, 0), b.no)
)

SELECT
    a_no,
    b_no,
    COALESCE(is_admitted_apart, FALSE) AS is_admitted_apart
FROM alike
