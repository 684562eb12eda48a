-- How each pair of cases stands that people have spoken about. Everybody's last word counts, an unsure one takes the word before back.
-- Where as many say the one as the other nothing is decided, until somebody thinks again or one more person speaks; where a pair is
-- guarded, one person alone decides nothing either.
WITH last_word AS (
    SELECT *
    FROM verdict_line
    QUALIFY decision_no = max(decision_no) OVER (PARTITION BY left_case_id, right_case_id, decided_by)
),

tally AS (
    SELECT
        left_case_id,
        right_case_id,
        count(*) FILTER (WHERE verdict = 'same') AS same_count,
        count(*) FILTER (WHERE verdict = 'different') AS different_count
    FROM last_word
    GROUP BY left_case_id, right_case_id
)

SELECT
    tally.left_case_id,
    tally.right_case_id,
    CASE
        WHEN tally.same_count + tally.different_count = 0 THEN 'unsure'
        WHEN tally.same_count = tally.different_count THEN 'disputed'
        WHEN guarded_pair.left_case_id IS NOT NULL AND greatest(tally.same_count, tally.different_count) < 2 THEN 'proposed'
        WHEN tally.same_count > tally.different_count THEN 'same'
        ELSE 'different'
    END AS standing
FROM tally
LEFT JOIN guarded_pair USING (left_case_id, right_case_id)
