-- Every pair of records that was compared: what of them agrees, what parts them, and whether they are one person.
SELECT
    pair.a_record_id AS left_record_id,
    pair.b_record_id AS right_record_id,
    pair.iin_like,
    pair.family_like,
    pair.given_like,
    pair.patronymic_like,
    pair.birth_like,
    pair.is_swapped,
    pair.is_one_place,
    CASE
        WHEN pair.is_one_entry THEN 'ONE'
        WHEN pair.is_two_entries THEN 'TWO'
    END AS entry,
    pair.points,
    pair.tier,
    pair.bar,
    pair.review_reason,
    spoken_pair.standing AS verdict,
    COALESCE(a.cluster_no, pair.a_no) = COALESCE(b.cluster_no, pair.b_no) AS is_one_person
FROM pair
LEFT JOIN joined AS a ON pair.a_no = a.record_no
LEFT JOIN joined AS b ON pair.b_no = b.record_no
LEFT JOIN spoken_pair ON pair.a_no = spoken_pair.a_no AND pair.b_no = spoken_pair.b_no
