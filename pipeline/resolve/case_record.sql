-- Which record of a case stands for it; held as well is what is withheld.
WITH withheld_case AS (
    SELECT
        record.case_id,
        withheld.reason
    FROM record
    JOIN withheld USING (record_id)
),

placed AS (
    SELECT
        record.record_id,
        record.case_id,
        record.case_version,
        COALESCE(case_standing.standing, 'current') AS standing,
        case_standing.reason,
        COALESCE(case_standing.has_pending_version, FALSE) AS has_pending_version,
        case_standing.winner_record_id,
        withheld_case.reason AS withheld_reason,
        withheld_case.case_id IS NOT NULL
        AND COALESCE(case_standing.standing, 'current') IN ('current', 'superseded') AS is_withheld
    FROM record
    LEFT JOIN case_standing USING (record_id)
    LEFT JOIN withheld_case ON record.case_id = withheld_case.case_id
)

SELECT
    record_id,
    case_id,
    case_version,
    CASE WHEN is_withheld THEN 'quarantined' ELSE standing END AS standing,
    CASE WHEN is_withheld THEN withheld_reason ELSE reason END AS reason,
    has_pending_version AND NOT is_withheld AS has_pending_version,
    CASE WHEN NOT is_withheld THEN winner_record_id END AS winner_record_id
FROM placed
