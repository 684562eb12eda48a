-- Tablets out and silent; sticks not loaded. S3 without ids.
WITH kind AS (
    SELECT
        discrepancy.kind,
        discrepancy.severity,
        CASE WHEN ref_category.tier IS DISTINCT FROM 'S3' THEN discrepancy.subject_id END AS subject_id,
        CASE WHEN ref_category.tier IS DISTINCT FROM 'S3' THEN discrepancy.institution_id END AS institution_id,
        discrepancy.age_hours,
        discrepancy.person_count,
        discrepancy.rank_no
    FROM discrepancy
    LEFT JOIN institution USING (institution_id)
    LEFT JOIN ref_category USING (category_code)
    WHERE discrepancy.kind IN ('TABLET_SILENT', 'TABLET_NOT_RETURNED', 'MEDIUM_LATE', 'CONTROL_GAP')
    AND discrepancy.subject_kind IN ('tablet', 'medium')
)

SELECT
    kind,
    severity,
    subject_id,
    institution_id,
    age_hours // 24 AS age_days,
    person_count
FROM kind
ORDER BY rank_no
LIMIT 20
