-- Every record whose state is not the one of the night before, with the cause.
WITH arrived AS (
    SELECT
        now.record_id,
        now.case_id,
        now.person_id
    FROM record_state AS now
    ANTI JOIN before_record_state AS old ON now.record_id = old.record_id
),

judged_anew AS (
    SELECT batch.batch_id
    FROM batch
    JOIN before_batch ON batch.batch_id = before_batch.batch_id
    WHERE batch.seal_fault IS DISTINCT FROM before_batch.seal_fault
),

changed AS (
    SELECT
        COALESCE(now.record_id, old.record_id) AS record_id,
        COALESCE(now.batch_id, old.batch_id) AS batch_id,
        COALESCE(now.case_id, old.case_id) AS case_id,
        now.person_id,
        old.person_id AS old_person_id,
        COALESCE(old.state, 'new') AS from_state,
        COALESCE(now.state, 'gone') AS to_state
    FROM record_state AS now
    FULL JOIN before_record_state AS old ON now.record_id = old.record_id
    WHERE now.state IS DISTINCT FROM old.state
),

explained AS (
    SELECT
        changed.*,
        CASE
            WHEN changed.batch_id IN (FROM judged_anew) THEN 'seal'
            WHEN changed.from_state = 'new' THEN 'new_input'
            WHEN decided_record.id IS NOT NULL OR decided_case.id IS NOT NULL OR decided_person.id IS NOT NULL THEN 'decision'
            WHEN case_arrived.case_id IS NOT NULL OR person_arrived.person_id IS NOT NULL THEN 'new_input'
            ELSE inputs_differ.cause
        END AS cause
    FROM changed
    LEFT JOIN decided AS decided_record ON changed.record_id = decided_record.id
    LEFT JOIN decided AS decided_case ON changed.case_id = decided_case.id
    LEFT JOIN decided AS decided_person ON changed.person_id = decided_person.id
    LEFT JOIN (SELECT DISTINCT case_id FROM arrived WHERE case_id IS NOT NULL) AS case_arrived
        ON changed.case_id = case_arrived.case_id
    LEFT JOIN (SELECT DISTINCT person_id FROM arrived WHERE person_id IS NOT NULL) AS person_arrived
        ON person_arrived.person_id = COALESCE(changed.person_id, changed.old_person_id)
    CROSS JOIN inputs_differ
)

SELECT
    from_state,
    to_state,
    cause,
    count(*) AS record_count
FROM explained
GROUP BY from_state, to_state, cause
ORDER BY from_state <> 'new', record_count DESC, from_state, to_state, cause
