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

-- Of namesakes and of twins without a name who fit alike, each came on the day of the own entry.
dated AS (
    SELECT
        merged.*,
        COALESCE(document_key.admitted_on = current_record.stay_from_on, FALSE) AS is_day_of_coming
    FROM merged
    JOIN document_key ON merged.entry_no = document_key.no
    JOIN current_record ON merged.record_no = current_record.no
),

ranked AS (
    SELECT
        *,
        row_number() OVER fit AS place,
        lead(points) OVER fit AS next_points,
        list(entry_no) OVER (
            PARTITION BY record_no, institution_id, points, is_row_named, is_day_of_coming
            ORDER BY entry_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS alike_nos
    FROM dated
    WINDOW fit AS (PARTITION BY record_no, institution_id ORDER BY points DESC, is_row_named DESC, is_day_of_coming DESC, entry_no)
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
    -- all that fit no worse than the one, where there are several
    CASE WHEN len(alike_nos) > 1 THEN alike_nos END AS alike_nos,
    is_sure AND points >= 60 AND COALESCE(points - next_points >= 10, TRUE) AS is_sure
FROM best
