-- Persons whose id is not what it was last night: merged, split, renamed, new or gone, each with the cause. Two nights are held together
-- by cases: versions of a case come and go, the case stays.
WITH old_case AS (
    SELECT DISTINCT case_id, person_id
    FROM before_record_state
    SEMI JOIN before_person USING (person_id)
    WHERE case_id IS NOT NULL
),

new_case AS (
    SELECT DISTINCT case_id, person_id
    FROM record_state
    SEMI JOIN person USING (person_id)
    WHERE case_id IS NOT NULL
),

edge AS (
    SELECT DISTINCT
        old_case.person_id AS before_person_id,
        new_case.person_id
    FROM old_case
    JOIN new_case USING (case_id)
),

counted AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY before_person_id) AS into_count,
        count(*) OVER (PARTITION BY person_id) AS from_count
    FROM edge
),

changed AS (
    SELECT
        CASE
            WHEN into_count > 1 THEN 'SPLIT'
            WHEN from_count > 1 THEN 'MERGED'
            ELSE 'RENAMED'
        END AS kind,
        before_person_id,
        person_id
    FROM counted
    WHERE before_person_id <> person_id
    UNION ALL
    SELECT 'NEW' AS kind, NULL AS before_person_id, person_id
    FROM person
    ANTI JOIN edge USING (person_id)
    UNION ALL
    SELECT 'GONE' AS kind, before_person.person_id AS before_person_id, NULL AS person_id
    FROM before_person
    ANTI JOIN edge ON before_person.person_id = edge.before_person_id
),

numbered AS (
    SELECT
        *,
        row_number() OVER (ORDER BY kind, before_person_id, person_id) AS change_no
    FROM changed
),

-- What was decided names a case, one of its records, or a pair of cases.
decided_case AS (
    SELECT DISTINCT record_state.case_id
    FROM record_state
    JOIN decided ON decided.id = record_state.case_id OR decided.id = record_state.record_id
),

arrived_case AS (
    SELECT DISTINCT case_id FROM record_state ANTI JOIN before_record_state USING (record_id)
),

touched AS (
    SELECT numbered.change_no, old_case.case_id
    FROM numbered
    JOIN old_case ON numbered.before_person_id = old_case.person_id
    UNION
    SELECT numbered.change_no, new_case.case_id
    FROM numbered
    JOIN new_case ON numbered.person_id = new_case.person_id
),

caused AS (
    SELECT
        change_no,
        bool_or(case_id IN (FROM decided_case)) AS is_decided,
        bool_or(case_id IN (FROM arrived_case)) AS is_arrived
    FROM touched
    GROUP BY change_no
)

SELECT
    numbered.change_no,
    numbered.kind,
    numbered.before_person_id,
    numbered.person_id,
    CASE
        WHEN caused.is_decided THEN 'decision'
        WHEN caused.is_arrived THEN 'new_input'
        ELSE inputs_differ.cause
    END AS cause
FROM numbered
LEFT JOIN caused USING (change_no)
CROSS JOIN inputs_differ
