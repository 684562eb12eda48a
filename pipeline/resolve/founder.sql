-- Which of a person's cases was admitted first: received, or released from quarantine. It gives the person the id, and the day from which
-- the person is known.
WITH admitted AS (
    SELECT
        scoped.cluster_no,
        scoped.case_id,
        CASE WHEN quarantine_decision.action = 'release' THEN quarantine_decision.decided_at ELSE record.received_at END
            AS admitted_at,
        record.batch_id,
        record.record_no
    FROM scoped
    JOIN case_record ON scoped.case_id = case_record.case_id
    JOIN record ON case_record.record_id = record.record_id
    LEFT JOIN quarantine_decision ON case_record.record_id = quarantine_decision.record_id
    WHERE scoped.tier IS NOT NULL AND case_record.standing IN ('current', 'superseded')
)

SELECT
    cluster_no,
    case_id,
    admitted_at
FROM admitted
QUALIFY row_number() OVER (PARTITION BY cluster_no ORDER BY admitted_at, batch_id, record_no) = 1
