-- The one list entry of each list a record belongs to, where one fits clearly better than the rest.
WITH fitting AS (
    SELECT
        record_document.record_no,
        record_document.institution_id,
        entry_double.canon_no AS entry_no,
        max(record_document.points) AS points,
        bool_or(record_document.is_sure) AS is_sure,
        bool_or(record_document.is_row_named) AS is_row_named
    FROM record_document
    JOIN entry_double ON record_document.document_no = entry_double.no
    WHERE record_document.kind = 'entry'
    GROUP BY record_document.record_no, record_document.institution_id, entry_double.canon_no
),

ranked AS (
    SELECT
        *,
        row_number() OVER fit AS place,
        lead(points) OVER fit AS next_points
    FROM fitting
    WINDOW fit AS (
        PARTITION BY record_no, institution_id
        ORDER BY points DESC, is_row_named DESC, entry_no
    )
)

SELECT
    record_no,
    institution_id,
    entry_no,
    points,
    is_row_named,
    is_sure AND points >= 60 AND COALESCE(points - next_points >= 10, TRUE) AS is_sure
FROM ranked
WHERE place = 1
