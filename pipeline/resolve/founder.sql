-- Which of a person's cases was admitted first: received, or released from quarantine. It gives the person the id.
WITH admitted AS (
    SELECT
        respondent.cluster_no,
        case_record.case_id,
        CASE WHEN quarantine_decision.action = 'release' THEN quarantine_decision.decided_at ELSE record.received_at END AS admitted_at,
        record.batch_id,
        record.record_no
    FROM respondent
    JOIN (SELECT DISTINCT cluster_no FROM joined) AS several USING (cluster_no)
    JOIN case_record ON respondent.case_id = case_record.case_id
    JOIN record ON case_record.record_id = record.record_id
    LEFT JOIN quarantine_decision ON case_record.record_id = quarantine_decision.record_id
    WHERE case_record.standing IN ('current', 'superseded')
)

SELECT
    cluster_no,
    case_id
FROM admitted
QUALIFY row_number() OVER (PARTITION BY cluster_no ORDER BY admitted_at, batch_id, record_no) = 1
