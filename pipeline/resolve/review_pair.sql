-- Pairs of people a human should look at, ranked, each by the two records that are most alike: so alike that the count may hold one
-- person twice, yet not enough to be one by rule. On what two people disagree about, or one alone was unsure of, stays until it is settled.
WITH counted_cluster AS (
    SELECT DISTINCT cluster_no FROM linked WHERE role IN ('survivor', 'conflict')
),

open_pair AS (
    SELECT
        a_no,
        b_no,
        COALESCE(review_reason, 'PARTED') AS reason,
        points
    FROM pair
    WHERE tier IS NOT NULL OR review_reason IS NOT NULL
),

-- A word of a person that holds yet is not followed contradicts another: one is the same as two that are different.
unsettled AS (
    SELECT
        spoken_pair.a_no,
        spoken_pair.b_no,
        spoken_pair.standing
    FROM spoken_pair
    JOIN linked AS a ON spoken_pair.a_no = a.no
    JOIN linked AS b ON spoken_pair.b_no = b.no
    WHERE spoken_pair.standing IN ('disputed', 'unsure', 'proposed')
    OR (spoken_pair.standing = 'same' AND a.cluster_no <> b.cluster_no)
),

candidate AS (
    SELECT
        COALESCE(unsettled.a_no, open_pair.a_no) AS a_no,
        COALESCE(unsettled.b_no, open_pair.b_no) AS b_no,
        COALESCE(open_pair.reason, 'SPOKEN_ABOUT') AS reason,
        open_pair.points,
        CASE
            WHEN unsettled.standing = 'same' THEN 'contradicted'
            ELSE COALESCE(unsettled.standing, 'waits')
        END AS standing
    FROM open_pair
    FULL JOIN unsettled ON open_pair.a_no = unsettled.a_no AND open_pair.b_no = unsettled.b_no
),

placed AS (
    SELECT
        candidate.*,
        least(a.cluster_no, b.cluster_no) AS low_no,
        greatest(a.cluster_no, b.cluster_no) AS high_no,
        (low_no IN (FROM counted_cluster) AND high_no IN (FROM counted_cluster))::INTEGER AS effect_count
    FROM candidate
    JOIN linked AS a ON candidate.a_no = a.no
    JOIN linked AS b ON candidate.b_no = b.no
),

-- Nobody is asked by way of their other records about whom somebody has parted, nor whether two numbers are one child.
parted AS (
    SELECT DISTINCT
        least(a.cluster_no, b.cluster_no) AS low_no,
        greatest(a.cluster_no, b.cluster_no) AS high_no
    FROM parted_pair
    JOIN linked AS a ON parted_pair.a_no = a.no
    JOIN linked AS b ON parted_pair.b_no = b.no
),

asked AS (
    SELECT placed.*
    FROM placed
    LEFT JOIN parted ON placed.low_no = parted.low_no AND placed.high_no = parted.high_no
    WHERE placed.standing NOT IN ('waits', 'unsure')
    OR (placed.low_no <> placed.high_no AND placed.effect_count > 0 AND parted.low_no IS NULL)
    QUALIFY placed.standing NOT IN ('waits', 'unsure') OR row_number() OVER (
        PARTITION BY placed.low_no, placed.high_no
        ORDER BY placed.standing = 'waits', placed.standing = 'unsure', placed.points DESC, placed.a_no, placed.b_no
    ) = 1
),

named AS (
    SELECT
        asked.*,
        least(ROW(a.case_id, a.record_id), ROW(b.case_id, b.record_id)) AS left_side,
        greatest(ROW(a.case_id, a.record_id), ROW(b.case_id, b.record_id)) AS right_side
    FROM asked
    JOIN current_record AS a ON asked.a_no = a.no
    JOIN current_record AS b ON asked.b_no = b.no
),

sided AS (
    SELECT
        *,
        left_side[1] AS left_case_id,
        left_side[2] AS left_record_id,
        right_side[1] AS right_case_id,
        right_side[2] AS right_record_id
    FROM named
)

SELECT
    pair_id(left_case_id, right_case_id) AS pair_id,
    left_record_id,
    right_record_id,
    left_case_id,
    right_case_id,
    reason,
    points AS score,
    effect_count,
    standing,
    left_case_id IN (SELECT case_id FROM guarded_case) OR right_case_id IN (SELECT case_id FROM guarded_case) AS needs_two,
    row_number() OVER (
        ORDER BY standing = 'waits', effect_count DESC, points DESC NULLS LAST, left_case_id, right_case_id
    ) AS rank_no
FROM sided
