-- Which record of a case stands for it; held as well is whom nobody else has seen.
WITH unconfirmed_case AS (
    SELECT DISTINCT record.case_id
    FROM record
    JOIN unconfirmed USING (record_id)
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
        unconfirmed_case.case_id IS NOT NULL
        AND COALESCE(case_standing.standing, 'current') IN ('current', 'superseded') AS is_unconfirmed
    FROM record
    LEFT JOIN case_standing USING (record_id)
    LEFT JOIN unconfirmed_case ON record.case_id = unconfirmed_case.case_id
)

SELECT
    record_id,
    case_id,
    case_version,
    CASE WHEN is_unconfirmed THEN 'quarantined' ELSE standing END AS standing,
    CASE WHEN is_unconfirmed THEN 'UNCONFIRMED_PERSON' ELSE reason END AS reason,
    has_pending_version AND NOT is_unconfirmed AS has_pending_version,
    CASE WHEN NOT is_unconfirmed THEN winner_record_id END AS winner_record_id
FROM placed
