-- Which record of a case stands for it; with it all that is held because nobody else has seen the person.
WITH unconfirmed_case AS (
    SELECT DISTINCT case_standing.case_id
    FROM unconfirmed
    JOIN case_standing USING (record_id)
),

held AS (
    SELECT
        case_standing.*,
        unconfirmed_case.case_id IS NOT NULL AND case_standing.standing IN ('current', 'superseded') AS is_unconfirmed
    FROM case_standing
    LEFT JOIN unconfirmed_case USING (case_id)
)

SELECT
    record_id,
    case_id,
    case_version,
    CASE WHEN is_unconfirmed THEN 'quarantined' ELSE standing END AS standing,
    CASE WHEN is_unconfirmed THEN 'UNCONFIRMED_PERSON' ELSE reason END AS reason,
    has_pending_version AND NOT is_unconfirmed AS has_pending_version,
    CASE WHEN NOT is_unconfirmed THEN winner_record_id END AS winner_record_id
FROM held
