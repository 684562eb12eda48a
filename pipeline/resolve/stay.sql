-- What papers say about one person's stay at one institution; and what the answers say, where several records speak of it.
-- A movement is the person's whom it fits best, of all of whom some record speaks; a death is known wherever the person has a record,
-- unless none of the records is for the institution of the book and a namesake of the same birth date, at 70 points, fits as well.
WITH fitting AS (
    SELECT
        member.cluster_no,
        record_document.institution_id,
        record_document.document_no,
        max(record_document.points) AS points,
        min(member.stay_from_on) AS stay_from_on,
        bool_or(member.given_code IS NOT NULL) AS is_named,
        bool_or(member.institution_id = record_document.institution_id) OR max(record_document.points) >= 78 AS is_more_than_namesake
    FROM record_document
    JOIN member ON record_document.record_no = member.no
    WHERE NOT record_document.is_entry AND NOT member.is_silent
    GROUP BY member.cluster_no, record_document.institution_id, record_document.document_no
    QUALIFY rank() OVER (PARTITION BY record_document.document_no ORDER BY max(record_document.points) DESC) = 1
),

-- Twins without a name yet fit each line of the book equally. A line is of one of them: of those that tell of coming, or of going, the
-- first is of who came first, the next of the next. Where names are known the two may yet be one: then it speaks of both.
tied AS (
    SELECT
        document_no,
        list(cluster_no ORDER BY stay_from_on NULLS LAST, cluster_no) AS people
    FROM fitting
    GROUP BY document_no
    HAVING count(*) > 1 AND NOT bool_or(is_named)
),

turn AS (
    SELECT
        tied.document_no,
        tied.people,
        row_number() OVER (
            PARTITION BY
                tied.people,
                document_key.institution_id,
                CASE
                    WHEN document_key.movement_type IN ('ADMISSION', 'TRANSFER_IN', 'BIRTH') THEN 'COMING'
                    WHEN document_key.movement_type IN ('DISCHARGE', 'TRANSFER_OUT', 'DEATH') THEN 'GOING'
                    ELSE document_key.movement_type
                END
            ORDER BY document_key.occurred_on, document_key.occurred_at NULLS LAST, document_key.movement_no NULLS LAST, document_key.no
        ) AS turn_no
    FROM tied
    JOIN document_key ON tied.document_no = document_key.no
),

moved AS (
    SELECT
        fitting.cluster_no,
        fitting.document_no,
        fitting.is_more_than_namesake
    FROM fitting
    LEFT JOIN turn USING (document_no)
    WHERE turn.people IS NULL OR turn.people[(turn.turn_no - 1) % len(turn.people) + 1] = fitting.cluster_no
),

move AS (
    SELECT
        moved.cluster_no,
        moved.is_more_than_namesake,
        document_key.*
    FROM moved
    JOIN document_key ON moved.document_no = document_key.no
),

last_before AS (
    SELECT *
    FROM move
    WHERE is_before AND movement_type <> 'DEATH'
    QUALIFY row_number() OVER (
        PARTITION BY cluster_no, institution_id
        ORDER BY occurred_on DESC, occurred_at DESC NULLS LAST, movement_no DESC NULLS LAST, no DESC
    ) = 1
),

first_after AS (
    SELECT *
    FROM move
    WHERE NOT is_before
    QUALIFY row_number() OVER (
        PARTITION BY cluster_no, institution_id
        ORDER BY occurred_on, occurred_at NULLS LAST, movement_no NULLS LAST, no
    ) = 1
),

booked AS (
    SELECT
        cluster_no,
        bool_and(NOT is_before) FILTER (WHERE movement_type = 'BIRTH') AS is_born_after,
        bool_or(is_before) FILTER (WHERE movement_type = 'DEATH') AS is_dead_before
    FROM move
    WHERE movement_type IN ('BIRTH', 'DEATH') AND is_more_than_namesake
    GROUP BY cluster_no
),

listed AS (
    SELECT
        COALESCE(joined.cluster_no, record_anchor.record_no) AS cluster_no,
        record_anchor.institution_id,
        min(document_key.admitted_on) AS admitted_on
    FROM record_anchor
    JOIN document_key ON record_anchor.entry_no = document_key.no
    LEFT JOIN joined ON record_anchor.record_no = joined.record_no
    WHERE document_key.admitted_on IS NOT NULL
    GROUP BY ALL
),

-- Which of a person's records says best: submitted, first-hand, the latest.
told AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY cluster_no
            ORDER BY case_status IS DISTINCT FROM 'submitted', is_proxy, completed_at DESC NULLS LAST, no
        ) AS place
    FROM member
    WHERE tier IS NOT NULL
),

-- Each from the best record there that says it; both ends of a stay from one, a document that knows the end before all.
stated AS (
    SELECT
        cluster_no,
        institution_id,
        min(ROW(fact_rank > 1 OR stay_to_on IS NULL, place, stay_from_on, stay_to_on))
            FILTER (WHERE COALESCE(stay_from_on, stay_to_on) IS NOT NULL) AS dated,
        min(ROW(place, residence_status)) FILTER (WHERE residence_status IS NOT NULL)[2] AS residence_status,
        bool_or(stay_duration = 'GE12M') AS is_long,
        bool_and(has_other_home) AS has_other_home,
        min(ROW(place, usual_address_kato)) FILTER (WHERE usual_address_kato IS NOT NULL)[2] AS usual_address_kato
    FROM told
    GROUP BY cluster_no, institution_id
),

-- Of birth and death every record of the person speaks, wherever it is from: documents before the person, the person before what others
-- remember. Who answers in person and tells of no death lives, unless a document says otherwise.
vital AS (
    SELECT
        cluster_no,
        min(ROW(NOT is_birth_exact, fact_rank, birth_time IS NULL, place, birth_on, birth_time))
            FILTER (WHERE birth_on IS NOT NULL) AS born,
        min(ROW(fact_rank, place, death_on, death_time)) FILTER (WHERE death_on IS NOT NULL OR fact_rank = 2) AS died
    FROM told
    GROUP BY cluster_no
),

known AS (
    SELECT cluster_no, institution_id FROM move
    UNION
    SELECT cluster_no, institution_id FROM listed
    UNION
    SELECT cluster_no, institution_id FROM stated
    UNION
    -- where nobody but this record speaks of the person, and no paper of the place
    SELECT booked.cluster_no, member.institution_id FROM booked JOIN member ON booked.cluster_no = member.no
)

SELECT
    known.cluster_no,
    known.institution_id,
    stated.* EXCLUDE (cluster_no, institution_id, dated),
    stated.dated[3] AS stay_from_on,
    stated.dated[4] AS stay_to_on,
    vital.born[5] AS born_on,
    vital.born[6] AS born_time,
    vital.died[3] AS died_on,
    vital.died[4] AS died_time,
    listed.admitted_on,
    last_before.movement_type AS last_type,
    last_before.occurred_on AS last_on,
    first_after.movement_type AS next_type,
    first_after.movement_type = 'TRANSFER_IN' AND origin.institution_id IS NOT NULL AS is_next_from_ours,
    COALESCE(last_before.other_kato, first_after.other_kato) AS other_kato,
    booked.is_born_after,
    booked.is_dead_before
FROM known
LEFT JOIN stated USING (cluster_no, institution_id)
LEFT JOIN listed USING (cluster_no, institution_id)
LEFT JOIN last_before USING (cluster_no, institution_id)
LEFT JOIN first_after USING (cluster_no, institution_id)
LEFT JOIN institution AS origin ON first_after.other_institution_id = origin.institution_id
LEFT JOIN booked USING (cluster_no)
LEFT JOIN vital USING (cluster_no)
