-- Lists and people brought together one to one: of each list a person has one entry, and an entry one person.
WITH speaking AS (
    SELECT
        linked.cluster_no,
        record_anchor.institution_id,
        record_anchor.entry_no,
        max(record_anchor.points) AS points,
        min(record_anchor.alike_nos) AS alike_nos,
        bool_and(linked.scope_reason IS NOT NULL) AS is_out_of_scope
    FROM record_anchor
    JOIN linked ON record_anchor.record_no = linked.no
    WHERE linked.role IS NOT NULL
    GROUP BY linked.cluster_no, record_anchor.institution_id, record_anchor.entry_no
),

best_entry AS (
    SELECT *
    FROM speaking
    QUALIFY row_number() OVER (PARTITION BY cluster_no, institution_id ORDER BY points DESC, entry_no) = 1
),

best_person AS (
    SELECT *
    FROM best_entry
    QUALIFY row_number() OVER (PARTITION BY entry_no ORDER BY points DESC, is_out_of_scope, cluster_no) = 1
),

-- Where several entries fit several people alike, who is left takes what is left, the first the first.
left_over AS (
    SELECT
        best_entry.*,
        row_number() OVER (PARTITION BY alike_nos ORDER BY is_out_of_scope, cluster_no) AS turn_no
    FROM best_entry
    ANTI JOIN best_person USING (cluster_no, institution_id)
    WHERE alike_nos IS NOT NULL
),

free AS (
    SELECT
        alike.alike_nos,
        alike.entry_no,
        row_number() OVER (PARTITION BY alike.alike_nos ORDER BY alike.entry_no) AS turn_no
    FROM (SELECT DISTINCT alike_nos, unnest(alike_nos) AS entry_no FROM left_over) AS alike
    ANTI JOIN best_person USING (entry_no)
),

taken AS (
    SELECT cluster_no, institution_id, entry_no FROM best_person
    UNION ALL
    SELECT left_over.cluster_no, left_over.institution_id, free.entry_no
    FROM left_over
    JOIN free USING (alike_nos, turn_no)
    QUALIFY row_number() OVER (PARTITION BY free.entry_no ORDER BY left_over.cluster_no) = 1
)

SELECT
    taken.*,
    document_key.document_id AS entry_id
FROM taken
JOIN document_key ON taken.entry_no = document_key.no
