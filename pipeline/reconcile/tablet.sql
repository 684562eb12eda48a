-- Tablets out, silent or not believed; sticks not loaded or not ours. S3 is one line of each kind, without ids.
WITH tiered AS (
    SELECT
        discrepancy.*,
        site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) AS tier
    FROM discrepancy
    LEFT JOIN institution USING (institution_id)
    LEFT JOIN ref_category USING (category_code)
    WHERE discrepancy.kind IN (
        'TABLET_SILENT', 'TABLET_NOT_UNLOADED', 'TABLET_NOT_RETURNED', 'MEDIUM_LATE', 'MEDIUM_NOT_OURS', 'CUSTODY_FAULT',
        'BUNDLE_NOT_BELIEVED', 'BUNDLE_KEY_REVOKED', 'CONTROL_GAP'
    )
    AND discrepancy.subject_kind IN ('tablet', 'medium')
),

masked AS (
    SELECT
        kind,
        severity,
        CASE WHEN tier IS DISTINCT FROM 'S3' THEN subject_id END AS subject_id,
        CASE WHEN tier IS DISTINCT FROM 'S3' THEN institution_id END AS institution_id,
        age_hours,
        rank_no
    FROM tiered
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
