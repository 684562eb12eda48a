-- The two sides of every list: each entry, and each counted person who stands on no list of the place, with one outcome.
-- What became of whoever is behind an entry: counted, or why not, said at the institution of the list before any other.
WITH silenced AS (
    SELECT
        entry_of.entry_no,
        linked.scope_reason
    FROM entry_of
    JOIN linked USING (cluster_no)
    JOIN scoped USING (no)
    ANTI JOIN counted ON entry_of.cluster_no = counted.cluster_no
    WHERE linked.role IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY entry_of.entry_no
        ORDER BY scoped.institution_id IS DISTINCT FROM entry_of.institution_id, linked.no
    ) = 1
),

judged AS (
    SELECT
        document_key.document_id AS entry_id,
        document_key.institution_id,
        document_key.note_code,
        entry_double.no IS NOT NULL AS is_double,
        staff_entry.no IS NOT NULL AS is_staff,
        entry_move.movement_type,
        counted.person_id,
        entry_of.cluster_no,
        silenced.scope_reason,
        document_key.institution_id = counted.usual_institution_id AS is_usual_here,
        document_key.institution_id = counted.present_institution_id AS is_present_here
    FROM document_key
    LEFT JOIN entry_double USING (no)
    LEFT JOIN staff_entry USING (no)
    LEFT JOIN entry_move ON document_key.no = entry_move.entry_no
    LEFT JOIN entry_of ON document_key.no = entry_of.entry_no
    LEFT JOIN counted ON entry_of.cluster_no = counted.cluster_no
    LEFT JOIN silenced ON document_key.no = silenced.entry_no
    WHERE document_key.is_entry
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
            WHEN scope_reason IS NOT NULL THEN 'DEPARTED'
            WHEN note_code IN ('REFUSED', 'DIED', 'DEPARTED') THEN note_code
            ELSE 'NOT_FOUND'
        END AS outcome,
        CASE
            WHEN is_double OR cluster_no IS NOT NULL THEN scope_reason
            WHEN movement_type = 'LEAVE' THEN 'ON_LEAVE'
            WHEN movement_type IS NOT NULL THEN movement_type
            ELSE note_code
        END AS reason
    FROM judged
),

-- Every place a counted person is shown at; those without an entry there need a reason as well.
place AS (
    SELECT cluster_no, person_id, birth_on, since_on, evidence, usual_institution_id AS institution_id
    FROM counted
    WHERE usual_institution_id IS NOT NULL
    UNION ALL
    SELECT cluster_no, person_id, birth_on, since_on, evidence, present_institution_id AS institution_id
    FROM counted
    WHERE present_institution_id IS NOT NULL AND present_institution_id IS DISTINCT FROM usual_institution_id
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
        place.birth_on > COALESCE(list_span.list_as_of_on, round.list_as_of_on) AS is_born_since,
        place.since_on > COALESCE(list_span.list_as_of_on, round.list_as_of_on) AS is_arrived_since,
        place.evidence
    FROM place
    ANTI JOIN entry_of USING (cluster_no, institution_id)
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
