-- Records that may be linked: training, drafts and withdrawals speak for nobody.
SELECT
    record_key.* EXCLUDE (iin),
    CASE WHEN contested_iin.iin IS NULL THEN record_key.iin END AS iin,
    record_place.institution_id,
    CASE WHEN record_anchor.is_sure THEN record_anchor.entry_no END AS entry_no,
    record_anchor.is_row_named
FROM record_key
JOIN record_place USING (no)
LEFT JOIN contested_iin USING (iin)
LEFT JOIN record_anchor
    ON record_key.no = record_anchor.record_no AND record_place.institution_id = record_anchor.institution_id
WHERE NOT record_key.is_training AND COALESCE(record_key.case_status, '') NOT IN ('draft', 'withdrawn')
