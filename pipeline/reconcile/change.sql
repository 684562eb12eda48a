-- Persons counted now against the night before: +new −duplicate ±moved ±reclassified = change, by group.
WITH place AS (
    SELECT
        institution_id,
        CASE WHEN tier = 'S3' THEN 'S3' ELSE COALESCE(publication_group, 'UNKNOWN') END AS page_group
    FROM coverage_institution
),

before_place AS (
    SELECT
        institution_id,
        CASE WHEN tier = 'S3' THEN 'S3' ELSE COALESCE(publication_group, 'UNKNOWN') END AS page_group
    FROM before_coverage_institution
),

now_person AS (
    SELECT
        person.person_id,
        COALESCE(place.page_group, 'UNKNOWN') AS page_group
    FROM person
    LEFT JOIN place ON place.institution_id = COALESCE(person.usual_institution_id, person.present_institution_id)
),

-- A person of last night under the id the person has tonight: merged persons meet under one id.
old_person AS (
    SELECT
        before_person.person_id AS old_person_id,
        before_person.survivor_record_id,
        COALESCE(alias.person_id, before_person.person_id) AS person_id,
        COALESCE(before_place.page_group, 'UNKNOWN') AS page_group
    FROM before_person
    LEFT JOIN (
        SELECT
            alias_person_id,
            min(person_id) AS person_id
        FROM person_alias
        GROUP BY alias_person_id
    ) AS alias ON alias.alias_person_id = before_person.person_id
    LEFT JOIN before_place
        ON before_place.institution_id = COALESCE(before_person.usual_institution_id, before_person.present_institution_id)
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY person_id ORDER BY (old_person_id = person_id) DESC, old_person_id
        ) AS rank_no
    FROM old_person
),

-- A person may be new although a record of it came earlier: released from quarantine, or parted from another.
known AS (
    SELECT DISTINCT person_record.person_id
    FROM person_record
    JOIN before_record_state USING (record_id)
),

event AS (
    SELECT
        now_person.page_group,
        CASE WHEN known.person_id IS NULL THEN 'new' ELSE 'reclassified' END AS kind,
        1 AS delta
    FROM now_person
    ANTI JOIN ranked ON now_person.person_id = ranked.person_id
    LEFT JOIN known ON known.person_id = now_person.person_id
    UNION ALL
    SELECT
        page_group,
        'duplicate' AS kind,
        -1 AS delta
    FROM ranked
    WHERE rank_no > 1
    UNION ALL
    SELECT
        ranked.page_group,
        CASE WHEN record_state.state = 'duplicate' THEN 'duplicate' ELSE 'reclassified' END AS kind,
        -1 AS delta
    FROM ranked
    ANTI JOIN now_person ON ranked.person_id = now_person.person_id
    LEFT JOIN record_state ON record_state.record_id = ranked.survivor_record_id
    WHERE ranked.rank_no = 1
    UNION ALL
    SELECT
        unnest([now_person.page_group, ranked.page_group]) AS page_group,
        'moved' AS kind,
        unnest([1, -1]) AS delta
    FROM ranked
    JOIN now_person ON ranked.person_id = now_person.person_id
    WHERE ranked.rank_no = 1 AND now_person.page_group <> ranked.page_group
),

summed AS (
    SELECT
        page_group,
        COALESCE(sum(delta) FILTER (WHERE kind = 'new'), 0) AS new_count,
        COALESCE(sum(delta) FILTER (WHERE kind = 'duplicate'), 0) AS duplicate_count,
        COALESCE(sum(delta) FILTER (WHERE kind = 'moved'), 0) AS moved_count,
        COALESCE(sum(delta) FILTER (WHERE kind = 'reclassified'), 0) AS reclassified_count
    FROM event
    GROUP BY page_group
),

total AS (
    SELECT
        page_group,
        count(*) FILTER (WHERE NOT is_now) AS before_count,
        count(*) FILTER (WHERE is_now) AS now_count
    FROM (
        SELECT
            page_group,
            TRUE AS is_now
        FROM now_person
        UNION ALL
        SELECT
            page_group,
            FALSE AS is_now
        FROM old_person
    )
    GROUP BY page_group
)

SELECT
    total.page_group,
    total.before_count,
    COALESCE(summed.new_count, 0) AS new_count,
    COALESCE(summed.duplicate_count, 0) AS duplicate_count,
    COALESCE(summed.moved_count, 0) AS moved_count,
    COALESCE(summed.reclassified_count, 0) AS reclassified_count,
    total.now_count
FROM total
LEFT JOIN summed USING (page_group)
ORDER BY total.page_group IN ('S3', 'UNKNOWN'), total.page_group
