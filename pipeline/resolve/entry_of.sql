-- Lists and people brought together one to one: of each list a person has one entry, and an entry one person.
WITH speaking AS (
    SELECT
        linked.cluster_no,
        record_anchor.institution_id,
        record_anchor.entry_no,
        max(record_anchor.points) AS points,
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
)

SELECT
    best_person.cluster_no,
    best_person.institution_id,
    best_person.entry_no,
    document_key.document_id AS entry_id
FROM best_person
JOIN document_key ON best_person.entry_no = document_key.no
