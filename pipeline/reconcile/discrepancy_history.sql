-- Every matter of tonight, and those that were said the night before and are gone: known since when, and whether it grows. What is gone is
-- kept for one night; if it comes back, it is new. What became part of another is not gone, and not new where it stands alone again.
WITH earlier AS (
    SELECT *
    FROM before_discrepancy_history
    WHERE status <> 'GONE'
),

tonight AS (
    SELECT
        discrepancy_id,
        kind,
        severity,
        institution_id,
        subject_kind,
        subject_id,
        person_count,
        FALSE AS is_part
    FROM discrepancy
    UNION ALL BY NAME
    SELECT
        *,
        TRUE AS is_part
    FROM discrepancy_part
)

SELECT
    COALESCE(tonight.discrepancy_id, earlier.discrepancy_id) AS discrepancy_id,
    CASE
        WHEN tonight.discrepancy_id IS NULL THEN 'GONE'
        WHEN tonight.is_part THEN 'PART'
        WHEN earlier.discrepancy_id IS NULL THEN 'NEW'
        -- 'red' sorts after 'amber'
        WHEN (tonight.severity, tonight.person_count) > (earlier.severity, earlier.person_count) THEN 'WORSE'
        WHEN (tonight.severity, tonight.person_count) < (earlier.severity, earlier.person_count) THEN 'BETTER'
        ELSE 'OPEN'
    END AS status,
    COALESCE(earlier.first_seen_at, build.seen_at) AS first_seen_at,
    CASE WHEN tonight.discrepancy_id IS NULL THEN earlier.last_seen_at ELSE build.seen_at END AS last_seen_at,
    COALESCE(tonight.kind, earlier.kind) AS kind,
    COALESCE(tonight.severity, earlier.severity) AS severity,
    COALESCE(tonight.institution_id, earlier.institution_id) AS institution_id,
    COALESCE(tonight.subject_kind, earlier.subject_kind) AS subject_kind,
    COALESCE(tonight.subject_id, earlier.subject_id) AS subject_id,
    COALESCE(tonight.person_count, earlier.person_count) AS person_count,
    earlier.severity AS before_severity,
    earlier.person_count AS before_person_count
FROM tonight
FULL JOIN earlier ON tonight.discrepancy_id = earlier.discrepancy_id
CROSS JOIN build
WHERE tonight.discrepancy_id IS NOT NULL OR earlier.status <> 'PART'
