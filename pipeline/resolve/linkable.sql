-- Records that may be linked: training, drafts and withdrawals speak for nobody.
SELECT
    record_key.* EXCLUDE (iin),
    CASE WHEN contested_iin.iin IS NULL THEN record_key.iin END AS iin,
    CASE WHEN contested_iin.iin IS NOT NULL THEN record_key.iin END AS contested_iin,
    record_place.institution_id,
    CASE WHEN record_anchor.is_sure THEN record_anchor.entry_no END AS entry_no,
    record_anchor.is_row_named,
    born.document_count AS newborn_count
FROM record_key
JOIN record_place USING (no)
LEFT JOIN contested_iin USING (iin)
LEFT JOIN record_anchor
    ON record_key.no = record_anchor.record_no AND record_place.institution_id = record_anchor.institution_id
LEFT JOIN (
    -- how many children of a family without a given name yet the institution's papers know of that day
    SELECT
        document_key.institution_id,
        document_key.family,
        document_key.birth_on,
        count(*) AS document_count
    FROM document_key
    JOIN movement ON document_key.document_id = movement.movement_id
    WHERE movement.movement_type = 'BIRTH'
    GROUP BY document_key.institution_id, document_key.family, document_key.birth_on
) AS born
    ON record_key.given IS NULL
    AND record_place.institution_id = born.institution_id
    AND record_key.family = born.family
    AND record_key.birth_on = born.birth_on
WHERE NOT record_key.is_training AND COALESCE(record_key.case_status, '') NOT IN ('draft', 'withdrawn')
