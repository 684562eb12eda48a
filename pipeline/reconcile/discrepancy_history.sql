-- Every matter of tonight, and those that were open the night before and are gone: known since when, and whether it grows. What is gone is
-- kept for one night; if it comes back, it is new.
WITH earlier AS (
    SELECT *
    FROM before_discrepancy_history
    WHERE status <> 'GONE'
)

SELECT
    COALESCE(discrepancy.discrepancy_id, earlier.discrepancy_id) AS discrepancy_id,
    CASE
        WHEN earlier.discrepancy_id IS NULL THEN 'NEW'
        WHEN discrepancy.discrepancy_id IS NULL THEN 'GONE'
        -- 'red' sorts after 'amber'
        WHEN (discrepancy.severity, discrepancy.person_count) > (earlier.severity, earlier.person_count) THEN 'WORSE'
        WHEN (discrepancy.severity, discrepancy.person_count) < (earlier.severity, earlier.person_count) THEN 'BETTER'
        ELSE 'OPEN'
    END AS status,
    COALESCE(earlier.first_seen_at, build.as_of) AS first_seen_at,
    CASE WHEN discrepancy.discrepancy_id IS NULL THEN earlier.last_seen_at ELSE build.as_of END AS last_seen_at,
    COALESCE(discrepancy.kind, earlier.kind) AS kind,
    COALESCE(discrepancy.severity, earlier.severity) AS severity,
    COALESCE(discrepancy.institution_id, earlier.institution_id) AS institution_id,
    COALESCE(discrepancy.subject_kind, earlier.subject_kind) AS subject_kind,
    COALESCE(discrepancy.subject_id, earlier.subject_id) AS subject_id,
    COALESCE(discrepancy.person_count, earlier.person_count) AS person_count,
    earlier.severity AS before_severity,
    earlier.person_count AS before_person_count
FROM discrepancy
FULL JOIN earlier ON discrepancy.discrepancy_id = earlier.discrepancy_id
CROSS JOIN build
