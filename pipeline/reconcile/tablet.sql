-- Tablets out, silent or not believed; sticks not loaded or not ours. S3 is one line of each kind, without ids.
WITH masked AS (
    SELECT
        discrepancy.kind,
        discrepancy.severity,
        CASE WHEN ref_category.tier IS DISTINCT FROM 'S3' THEN discrepancy.subject_id END AS subject_id,
        CASE WHEN ref_category.tier IS DISTINCT FROM 'S3' THEN discrepancy.institution_id END AS institution_id,
        discrepancy.age_hours,
        discrepancy.rank_no
    FROM discrepancy
    LEFT JOIN institution USING (institution_id)
    LEFT JOIN ref_category USING (category_code)
    WHERE discrepancy.kind IN (
        'TABLET_SILENT', 'TABLET_NOT_UNLOADED', 'TABLET_NOT_RETURNED', 'MEDIUM_LATE', 'MEDIUM_NOT_OURS', 'CUSTODY_FAULT',
        'BUNDLE_NOT_BELIEVED', 'CONTROL_GAP'
    )
    AND discrepancy.subject_kind IN ('tablet', 'medium')
)

SELECT
    kind,
    max(severity) AS severity,  -- 'red' sorts after 'amber'
    subject_id,
    institution_id,
    count(*) AS subject_count,
    max(age_hours) // 24 AS age_days
FROM masked
GROUP BY kind, subject_id, institution_id
ORDER BY min(rank_no)
