-- Every comparison of a record of the person in hand, within the person or with somebody near, field by field with its points.
WITH own AS (
    SELECT record_id FROM person_record SEMI JOIN hand USING (person_id)
),

sided AS (
    SELECT left_record_id AS record_id, right_record_id AS other_record_id, * EXCLUDE (left_record_id, right_record_id)
    FROM compared_pair
    UNION ALL
    SELECT right_record_id AS record_id, left_record_id AS other_record_id, * EXCLUDE (left_record_id, right_record_id)
    FROM compared_pair
    WHERE NOT is_one_person
)

SELECT
    sided.record_id,
    sided.other_record_id,
    person_record.person_id AS other_person_id,
    sided.is_one_person,
    sided.tier,
    sided.bar,
    sided.review_reason,
    sided.verdict,
    sided.entry,
    sided.is_swapped,
    sided.is_one_place,
    [
        {'field': 'iin', 'likeness': sided.iin_like, 'points': field_points('iin', sided.iin_like)},
        {'field': 'family_name', 'likeness': sided.family_like, 'points': field_points('family_name', sided.family_like)},
        {'field': 'given_name', 'likeness': sided.given_like, 'points': field_points('given_name', sided.given_like)},
        {'field': 'patronymic', 'likeness': sided.patronymic_like, 'points': field_points('patronymic', sided.patronymic_like)},
        {'field': 'birth_on', 'likeness': sided.birth_like, 'points': field_points('birth_on', sided.birth_like)}
    ] AS evidence,
    sided.points
FROM sided
SEMI JOIN own USING (record_id)
LEFT JOIN person_record ON sided.other_record_id = person_record.record_id
ORDER BY sided.is_one_person DESC, sided.points DESC, sided.record_id, sided.other_record_id
