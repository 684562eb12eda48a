-- What nobody can know tonight, with its size.
SELECT
    'EXPECTED_MISSING' AS topic,
    count(*)::BIGINT AS size_count
FROM coverage_institution
WHERE is_active AND grade = 'MISSING'
UNION ALL
SELECT
    'EXPECTED_PROVISIONAL',
    count(*)
FROM coverage_institution
WHERE is_active AND grade = 'PROVISIONAL'
UNION ALL
SELECT
    'PLACE_UNRESOLVED',
    count(DISTINCT person_id)
FROM forwarded
WHERE basis = 'place_unresolved'
UNION ALL
SELECT
    'NO_OUTCOME',
    COALESCE(sum(no_outcome_count), 0)
FROM coverage_institution
UNION ALL
SELECT
    'REVIEW_WAITING',
    count(*)
FROM review_pair
UNION ALL
SELECT
    'QUARANTINED',
    count(*)
FROM record_state
WHERE state = 'quarantined' AND is_settled IS NOT TRUE
UNION ALL
SELECT
    'UNREADABLE',
    count(*)
FROM record_state
WHERE state = 'unreadable'
UNION ALL
SELECT
    'SENDER_UNKNOWN',
    COALESCE(sum(received_count), 0)
FROM ledger
WHERE institution_id = 'UNKNOWN'
UNION ALL
SELECT
    'NO_SENDERS_TOTAL',
    count(*)
FROM batch
ANTI JOIN batch_daily USING (batch_id)
WHERE declared_count IS NULL AND route NOT IN (FROM office_route)
UNION ALL
SELECT
    'REFUSED',
    COALESCE(sum(place_count), 0)::BIGINT
FROM not_taken
WHERE outcome = 'refused'
UNION ALL
SELECT
    'WAITING',
    COALESCE(sum(place_count), 0)::BIGINT
FROM not_taken
WHERE outcome = 'waiting'
UNION ALL
SELECT
    'CENSUS_DB_NOT_SEEN',
    count(DISTINCT case_id)
FROM record
WHERE NOT EXISTS (FROM batch WHERE route = 'census_db')
