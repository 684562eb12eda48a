-- What the answers of everybody counted say of how people were asked: a question left open, ages and birthdays guessed. Of the whole
-- region or a publication group (institution ALL), never of an institution: its few people prove nothing.
WITH question AS (
    SELECT
        variable,
        sum(eligible_count) AS eligible_count,
        sum(missing_count) AS missing_count,
        sum(missing_count + declined_count) AS unstated_count
    FROM item_nonresponse
    GROUP BY variable
    HAVING sum(eligible_count) >= (SELECT limit_of(amber) FROM threshold WHERE alert_id = 'item_persons')
),

-- Religion may be declined, and often is: a limit of its own, for what is open and declined together.
open_question AS (
    SELECT
        CASE variable WHEN 'religion' THEN 'RELIGION_NOT_STATED' ELSE 'QUESTION_OPEN' END AS kind,
        'question' AS subject_kind,
        variable AS subject_id,
        CASE variable WHEN 'religion' THEN unstated_count ELSE missing_count END AS person_count,
        CASE variable WHEN 'religion' THEN unstated_count ELSE missing_count END / NULLIF(eligible_count, 0) AS measured
    FROM question
),

-- A group that heaps is in the sum of all, too: one cause, and the group is where to look.
heaped AS (
    SELECT
        *,
        bool_or(publication_group <> 'ALL') OVER (PARTITION BY statistic) AS is_in_a_group
    FROM age_heaping
    WHERE statistic IN ('WHIPPLE', 'FIRST_OF_JANUARY') AND verdict IN ('AMBER', 'RED')
),

guessed AS (
    SELECT
        CASE statistic WHEN 'WHIPPLE' THEN 'AGES_HEAPED' ELSE 'BIRTHDAYS_GUESSED' END AS kind,
        'group' AS subject_kind,
        publication_group AS subject_id,
        CASE statistic WHEN 'WHIPPLE' THEN person_count ELSE value END AS person_count,
        CASE statistic WHEN 'WHIPPLE' THEN z ELSE value / NULLIF(person_count, 0) END AS measured
    FROM heaped
    WHERE publication_group <> 'ALL' OR NOT is_in_a_group
),

finding AS (
    SELECT * FROM open_question
    UNION ALL BY NAME SELECT * FROM guessed
)

SELECT
    kind,
    'ALL' AS institution_id,
    subject_kind,
    subject_id,
    measured,
    person_count::BIGINT AS person_count,
    (SELECT min(received_at) FROM record_state) AS since_at
FROM finding
