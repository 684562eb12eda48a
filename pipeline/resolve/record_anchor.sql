-- The one list entry of each list a record belongs to, and whether it fits clearly better than the rest.
WITH fitting AS (
    SELECT
        record_document.record_no,
        record_document.institution_id,
        COALESCE(entry_double.earlier_no, record_document.document_no) AS entry_no,
        record_document.points,
        record_document.is_sure,
        record_document.is_row_named
    FROM record_document
    LEFT JOIN entry_double ON record_document.document_no = entry_double.no
    WHERE record_document.is_entry
),

several AS (
    SELECT record_no, institution_id FROM fitting GROUP BY ALL HAVING count(*) > 1
),

merged AS (
    SELECT
        record_no,
        institution_id,
        entry_no,
        max(points) AS points,
        bool_or(is_sure) AS is_sure,
        bool_or(is_row_named) AS is_row_named
    FROM fitting
    SEMI JOIN several USING (record_no, institution_id)
    GROUP BY record_no, institution_id, entry_no
),

ranked AS (
    SELECT
        *,
        row_number() OVER fit AS place,
        lead(points) OVER fit AS next_points
    FROM merged
    WINDOW fit AS (PARTITION BY record_no, institution_id ORDER BY points DESC, is_row_named DESC, entry_no)
),

best AS (
    SELECT *, NULL AS next_points FROM fitting ANTI JOIN several USING (record_no, institution_id)
    UNION ALL BY NAME
    SELECT * EXCLUDE (place) FROM ranked WHERE place = 1
)

SELECT
    record_no,
    institution_id,
    entry_no,
    points,
    is_row_named,
    is_sure AND points >= 60 AND COALESCE(points - next_points >= 10, TRUE) AS is_sure
FROM best
