-- What the two records of the pairs in hand say, and how alike it is: 2 equal, 1 near, 0 one side says nothing, -1 different.
-- Identity: whoever asks for this is written down.
WITH pair AS (
    FROM desk_pair SEMI JOIN hand USING (pair_id)
),

told AS (
    SELECT
        identity.record_id,
        identity.family_name,
        identity.given_name,
        identity.patronymic,
        CASE identity.birth_date_precision
            WHEN 'YEAR' THEN strftime(identity.birth_on, '%Y')
            WHEN 'MONTH' THEN strftime(identity.birth_on, '%m.%Y')
            ELSE strftime(identity.birth_on, '%d.%m.%Y')
        END AS birth_on,
        identity.sex::VARCHAR AS sex,
        identity.iin,
        respondent.institution_id,
        nullif(concat_ws(' – ', strftime(answers.stay_from_on, '%d.%m.%Y'), strftime(answers.stay_to_on, '%d.%m.%Y')), '') AS stay,
        concat_ws(
            ' ', strftime(record.completed_at, '%d.%m.%Y %H:%M UTC'), record.mode, CASE WHEN answers.is_proxy THEN 'proxy' END
        ) AS interview
    FROM identity
    JOIN answers USING (record_id)
    JOIN record USING (record_id)
    JOIN respondent USING (record_id)
)

SELECT
    pair.pair_id,
    a AS left_side,
    b AS right_side,
    likeness.family_like,
    likeness.given_like,
    likeness.patronymic_like,
    likeness.birth_like,
    likeness.iin_like
FROM pair
JOIN told AS a ON pair.left_record_id = a.record_id
JOIN told AS b ON pair.right_record_id = b.record_id
-- a pair is compared in order of receipt, and asked about in order of the cases
LEFT JOIN compared_pair AS likeness
    ON least(pair.left_record_id, pair.right_record_id) = least(likeness.left_record_id, likeness.right_record_id)
    AND greatest(pair.left_record_id, pair.right_record_id) = greatest(likeness.left_record_id, likeness.right_record_id)
ORDER BY pair.rank_no
