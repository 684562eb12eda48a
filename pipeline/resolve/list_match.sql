-- The two sides of every list: each entry, and each counted person who stands on no list of the place, with one outcome.
-- What became of whoever is behind an entry: counted, or why not, said at the institution of the list before any other.
WITH verdict AS (
    SELECT
        entry_of.entry_no,
        linked.scope_reason,
        linked.no,
        CASE WHEN linked.scope_reason IS NULL THEN linked.person_id END AS person_id
    FROM entry_of
    JOIN linked USING (cluster_no)
    WHERE linked.tier IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY entry_of.entry_no
        ORDER BY
            linked.scope_reason IS NOT NULL, linked.institution_id IS DISTINCT FROM entry_of.institution_id, linked.no
    ) = 1
    UNION ALL BY NAME
    SELECT
        entry_of.entry_no,
        linked.scope_reason,
        linked.no,
        CASE WHEN linked.scope_reason IS NULL THEN linked.person_id END AS person_id
    FROM entry_of
    JOIN linked ON entry_of.cluster_no = linked.no
    WHERE linked.tier IS NULL
),

judged AS (
    SELECT
        list_entry.entry_id,
        list_entry.institution_id,
        list_entry.note_code,
        entry_double.no IS NOT NULL AS is_double,
        staff_entry.no IS NOT NULL AS is_staff,
        entry_move.movement_type,
        verdict.person_id,
        verdict.scope_reason,
        verdict.entry_no IS NOT NULL AS is_found,
        list_entry.institution_id = person.usual_institution_id AS is_usual_here,
        list_entry.institution_id = person.present_institution_id AS is_present_here
    FROM list_entry
    JOIN document_key ON list_entry.entry_id = document_key.document_id AND document_key.is_entry
    LEFT JOIN entry_double ON document_key.no = entry_double.no
    LEFT JOIN staff_entry ON document_key.no = staff_entry.no
    LEFT JOIN entry_move ON document_key.no = entry_move.entry_no
    LEFT JOIN verdict ON document_key.no = verdict.entry_no
    LEFT JOIN person ON verdict.person_id = person.person_id
),

entry_side AS (
    SELECT
        'E-' || entry_id AS match_id,
        institution_id,
        entry_id,
        CASE WHEN NOT is_double THEN person_id END AS person_id,
        CASE
            WHEN is_double THEN 'DOUBLE_ENTRY'
            WHEN is_present_here THEN 'COUNTED'
            WHEN is_usual_here THEN 'TEMP_ABSENT'
            WHEN is_staff OR scope_reason = 'PRIVATE_HOUSEHOLD' THEN 'STAFF'
            WHEN scope_reason = 'DIED_BEFORE' OR movement_type = 'DEATH' THEN 'DIED'
            WHEN movement_type = 'TRANSFER_OUT' THEN 'TRANSFERRED'
            WHEN person_id IS NOT NULL THEN 'COUNTED_ELSEWHERE'
            WHEN movement_type = 'DISCHARGE' THEN 'DEPARTED'
            WHEN scope_reason = 'BELONGS_ELSEWHERE' THEN 'FORWARDED'
            WHEN is_found THEN 'DEPARTED'
            WHEN note_code IN ('REFUSED', 'DIED', 'DEPARTED') THEN note_code
            ELSE 'NOT_FOUND'
        END AS outcome,
        CASE
            WHEN is_double OR is_found THEN scope_reason
            WHEN movement_type = 'LEAVE' THEN 'ON_LEAVE'
            WHEN movement_type IS NOT NULL THEN movement_type
            ELSE note_code
        END AS reason
    FROM judged
),

-- Every place a counted person is shown at; those without an entry there need a reason as well.
place AS (
    SELECT person_id, survivor_record_id, usual_institution_id AS institution_id
    FROM person
    WHERE usual_institution_id IS NOT NULL
    UNION ALL
    SELECT person_id, survivor_record_id, present_institution_id AS institution_id
    FROM person
    WHERE present_institution_id IS NOT NULL AND present_institution_id IS DISTINCT FROM usual_institution_id
),

listed_place AS (
    SELECT person_id, institution_id
    FROM entry_side
    WHERE person_id IS NOT NULL
),

list_span AS (
    SELECT
        institution_id,
        min(list_as_of_on) AS list_as_of_on
    FROM list
    GROUP BY institution_id
),

unlisted AS (
    SELECT
        place.person_id,
        place.institution_id,
        list_span.institution_id IS NOT NULL AS has_list,
        linked.birth_on > COALESCE(list_span.list_as_of_on, round.list_as_of_on) AS is_born_since,
        linked.since_on > COALESCE(list_span.list_as_of_on, round.list_as_of_on) AS is_arrived_since,
        linked.evidence
    FROM place
    ANTI JOIN listed_place USING (person_id, institution_id)
    JOIN linked ON place.survivor_record_id = linked.record_id
    LEFT JOIN list_span ON place.institution_id = list_span.institution_id
    CROSS JOIN round
),

person_side AS (
    SELECT
        'P-' || person_id || '-' || institution_id AS match_id,
        institution_id,
        NULL AS entry_id,
        person_id,
        CASE
            WHEN NOT has_list THEN 'NO_LIST'
            WHEN is_born_since THEN 'BORN_AFTER_LIST'
            WHEN is_arrived_since THEN 'ARRIVED_AFTER_LIST'
            ELSE 'MISSED_BY_LIST'
        END AS outcome,
        CASE WHEN has_list AND is_arrived_since AND NOT COALESCE(is_born_since, FALSE) THEN upper(evidence) END AS reason
    FROM unlisted
)

SELECT * FROM entry_side
UNION ALL BY NAME
SELECT * FROM person_side
