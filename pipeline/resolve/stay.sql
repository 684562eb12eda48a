-- What papers and answers say about one person at one institution, from all the person's records together.
WITH member AS (
    SELECT
        record_key.no,
        record_key.record_id,
        record_place.institution_id,
        COALESCE(joined.cluster_no, record_key.no) AS cluster_no
    FROM record_key
    JOIN record_place USING (no)
    LEFT JOIN joined ON record_key.no = joined.record_no
),

-- A movement is the person's whom it fits best.
moved AS (
    SELECT
        member.cluster_no,
        record_document.institution_id,
        record_document.document_no,
        max(record_document.points) AS points
    FROM record_document
    JOIN member ON record_document.record_no = member.no
    WHERE record_document.kind = 'movement'
    GROUP BY member.cluster_no, record_document.institution_id, record_document.document_no
    QUALIFY rank() OVER (PARTITION BY record_document.document_no ORDER BY max(record_document.points) DESC) = 1
),

move AS (
    SELECT
        moved.cluster_no,
        movement.*,
        COALESCE(movement.occurred_at < round.census_moment_at, movement.occurred_on <= round.moment_on) AS is_before
    FROM moved
    JOIN document_key ON moved.document_no = document_key.no
    JOIN movement ON document_key.document_id = movement.movement_id
    CROSS JOIN round
),

last_before AS (
    SELECT
        cluster_no,
        institution_id,
        movement_type,
        occurred_on,
        other_institution_id,
        other_kato
    FROM move
    WHERE is_before AND movement_type <> 'DEATH'
    QUALIFY row_number() OVER (
        PARTITION BY cluster_no, institution_id
        ORDER BY occurred_on DESC, occurred_at DESC NULLS LAST, TRY_CAST(movement_no AS INTEGER) DESC, movement_id DESC
    ) = 1
),

first_after AS (
    SELECT
        cluster_no,
        institution_id,
        movement_type,
        occurred_on,
        other_institution_id,
        other_kato
    FROM move
    WHERE NOT is_before
    QUALIFY row_number() OVER (
        PARTITION BY cluster_no, institution_id
        ORDER BY occurred_on, occurred_at NULLS LAST, TRY_CAST(movement_no AS INTEGER), movement_id
    ) = 1
),

died AS (
    SELECT
        cluster_no,
        min(occurred_on) AS died_on,
        bool_or(is_before) AS is_dead_before
    FROM move
    WHERE movement_type = 'DEATH'
    GROUP BY cluster_no
),

listed AS (
    SELECT
        member.cluster_no,
        record_anchor.institution_id,
        min(list_entry.admitted_on) AS admitted_on,
        min(record_anchor.entry_no) AS entry_no
    FROM record_anchor
    JOIN member ON record_anchor.record_no = member.no
    JOIN document_key ON record_anchor.entry_no = document_key.no
    JOIN list_entry ON document_key.document_id = list_entry.entry_id
    GROUP BY member.cluster_no, record_anchor.institution_id
),

stated AS (
    SELECT
        member.cluster_no,
        member.institution_id,
        min(answers.stay_from_on) AS stay_from_on,
        max(answers.stay_to_on) AS stay_to_on,
        max(answers.residence_status) AS residence_status,
        bool_or(answers.stay_duration = 'GE12M') AS is_long,
        bool_and(answers.has_other_home) AS has_other_home,
        min(answers.usual_address_kato) AS home_kato
    FROM member
    JOIN answers USING (record_id)
    GROUP BY member.cluster_no, member.institution_id
)

SELECT
    stated.*,
    listed.entry_no,
    listed.admitted_on,
    last_before.movement_type AS last_type,
    last_before.occurred_on AS last_on,
    COALESCE(last_before.other_institution_id, first_after.other_institution_id) AS other_institution_id,
    COALESCE(last_before.other_kato, first_after.other_kato) AS other_kato,
    first_after.movement_type AS next_type,
    died.died_on,
    died.is_dead_before
FROM stated
LEFT JOIN listed USING (cluster_no, institution_id)
LEFT JOIN last_before USING (cluster_no, institution_id)
LEFT JOIN first_after USING (cluster_no, institution_id)
LEFT JOIN died USING (cluster_no)
