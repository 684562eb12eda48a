-- Every record that stands for its case, with the person it was joined to and the institution it is for. Looked at through a view: most
-- records are joined to none and are for the institution they name, and making a table of that takes as long as asking it.
SELECT
    record.*,
    COALESCE(joined.cluster_no, record.no) AS cluster_no,
    joined.tier,
    COALESCE(record_place.institution_id, record.written_id) AS institution_id,
    record_place.relocation_reason
FROM current_record AS record
LEFT JOIN joined ON record.no = joined.record_no
LEFT JOIN record_place USING (no)
