-- Every pair of records that was compared: what of them agrees, what parts them, and whether they are one person. Left out is who would
-- lead from a child's old number to its new one: people of two such records, and a third person beside both.
WITH placed AS (
    SELECT
        pair.*,
        COALESCE(a.cluster_no, pair.a_no) AS a_cluster_no,
        COALESCE(b.cluster_no, pair.b_no) AS b_cluster_no
    FROM pair
    LEFT JOIN joined AS a ON pair.a_no = a.record_no
    LEFT JOIN joined AS b ON pair.b_no = b.record_no
),

near AS (
    SELECT a_cluster_no AS cluster_no, b_cluster_no AS near_no
    FROM placed
    WHERE a_cluster_no <> b_cluster_no
    UNION
    SELECT b_cluster_no AS cluster_no, a_cluster_no AS near_no
    FROM placed
    WHERE a_cluster_no <> b_cluster_no
),

numbered AS (
    SELECT
        COALESCE(a.cluster_no, renumbered.a_no) AS one_no,
        COALESCE(b.cluster_no, renumbered.b_no) AS other_no
    FROM renumbered
    LEFT JOIN joined AS a ON renumbered.a_no = a.record_no
    LEFT JOIN joined AS b ON renumbered.b_no = b.record_no
    WHERE one_no <> other_no
),

child AS (
    SELECT one_no, other_no FROM numbered
    UNION
    SELECT other_no AS one_no, one_no AS other_no FROM numbered
),

betraying AS (
    SELECT one_no AS cluster_no, other_no AS near_no
    FROM child
    UNION
    SELECT near.cluster_no, near.near_no
    FROM near
    JOIN child ON near.near_no = child.one_no
    JOIN near AS beside ON near.cluster_no = beside.cluster_no AND child.other_no = beside.near_no
)

SELECT
    placed.a_record_id AS left_record_id,
    placed.b_record_id AS right_record_id,
    placed.iin_like,
    placed.family_like,
    placed.given_like,
    placed.patronymic_like,
    placed.birth_like,
    placed.is_swapped,
    placed.is_one_place,
    CASE
        WHEN placed.is_one_entry THEN 'ONE'
        WHEN placed.is_two_entries THEN 'TWO'
    END AS entry,
    placed.points,
    placed.tier,
    placed.bar,
    placed.review_reason,
    spoken_pair.standing AS verdict,
    placed.a_cluster_no = placed.b_cluster_no AS is_one_person
FROM placed
LEFT JOIN spoken_pair ON placed.a_no = spoken_pair.a_no AND placed.b_no = spoken_pair.b_no
ANTI JOIN betraying ON placed.a_cluster_no = betraying.cluster_no AND placed.b_cluster_no = betraying.near_no
ANTI JOIN betraying AS back ON placed.b_cluster_no = back.cluster_no AND placed.a_cluster_no = back.near_no
