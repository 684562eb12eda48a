-- Records that may be linked, with the keys they meet by: all that speak of somebody.
WITH placed AS (
    SELECT
        record.no,
        record.iin,
        record.given_code,
        record.family_code,
        record.names,
        record.birth_on,
        record.list_entry_no,
        COALESCE(record_place.institution_id, record.written_id) AS institution_id
    FROM current_record AS record
    LEFT JOIN record_place USING (no)
    WHERE NOT record.is_silent
)

SELECT
    placed.no,
    placed.iin,
    placed.given_code,
    placed.family_code,
    placed.birth_on,
    placed.list_entry_no,
    placed.institution_id,
    CASE WHEN record_anchor.is_sure THEN record_anchor.entry_no END AS entry_no,
    COALESCE(record_anchor.is_row_named, FALSE) AS is_row_named,
    CASE WHEN placed.names IS NOT NULL AND placed.birth_on IS NOT NULL THEN hash(placed.names, placed.birth_on) END AS name_birth,
    CASE WHEN placed.names IS NOT NULL THEN hash(placed.names, placed.institution_id) END AS name_place,
    CASE WHEN placed.birth_on IS NOT NULL THEN hash(placed.birth_on, placed.institution_id) END AS birth_place
FROM placed
LEFT JOIN record_anchor
    ON placed.no = record_anchor.record_no AND placed.institution_id = record_anchor.institution_id
