-- Verification files and people brought together one to one: of each source a person has one row, and a row one person.
-- What is alike enough is what is for a list entry or a movement (record_document).
WITH speaking AS (
    SELECT
        linked.cluster_no,
        linked.person_id,
        verified_key.source_id,
        verified_key.no AS verified_no,
        max(likeness.points + CASE WHEN likeness.is_here THEN 5 ELSE 0 END) AS points
    FROM compared('verified_pair', 'current_record', 'verified_key') AS likeness
    JOIN verified_key ON likeness.b_no = verified_key.no
    JOIN linked ON likeness.a_no = linked.no
    ANTI JOIN verified_double ON verified_key.no = verified_double.no
    WHERE linked.role IS NOT NULL
    AND NOT (is_given_other AND family_like >= 1 AND birth_like >= 1 AND iin_like < 2)
    AND NOT (family_like = -1 AND iin_like < 1)
    AND likeness.points >= CASE WHEN likeness.is_here THEN 40 ELSE 70 END
    GROUP BY linked.cluster_no, linked.person_id, verified_key.source_id, verified_key.no
),

best_row AS (
    SELECT *
    FROM speaking
    QUALIFY row_number() OVER (PARTITION BY cluster_no, source_id ORDER BY points DESC, verified_no) = 1
)

SELECT
    verified_no,
    cluster_no,
    person_id
FROM best_row
QUALIFY row_number() OVER (PARTITION BY verified_no ORDER BY points DESC, cluster_no) = 1
