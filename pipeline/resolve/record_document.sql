-- Which papers speak of whom: records against list entries and movements, with points for how well they agree.
WITH weighed AS (
    SELECT
        likeness.*,
        document_key.is_entry,
        document_key.institution_id,
        -- nobody knows the name on either side, but somebody wrote down the row
        is_row_named AND family_like = 0 AND given_like = 0 AND birth_like >= 0
        AND record.is_placeholder AND document_key.is_placeholder
        AND record.sex IS NOT DISTINCT FROM document_key.sex AS is_same_unknown
    FROM compared('paper_pair', 'current_record', 'document_key') AS likeness
    JOIN current_record AS record ON likeness.a_no = record.no
    JOIN document_key ON likeness.b_no = document_key.no
),

rated AS (
    SELECT
        *,
        points
        + CASE WHEN is_row_named THEN 25 ELSE 0 END
        + CASE WHEN is_here THEN 5 ELSE 0 END
        + CASE WHEN is_same_unknown THEN 30 ELSE 0 END AS all_points
    FROM weighed
)

SELECT
    a_no AS record_no,
    b_no AS document_no,
    is_entry,
    institution_id,
    is_here,
    is_row_named,
    all_points AS points,
    -- sure enough to hold two records together
    given_like = 2 OR iin_like = 2 OR (is_row_named AND given_like >= 0) AS is_sure
FROM rated
WHERE all_points >= CASE WHEN is_here THEN 45 ELSE 70 END
AND NOT (
    is_given_other AND NOT (is_row_named AND given_like = 1) AND family_like >= 1 AND birth_like >= 1 AND iin_like < 2
)  -- a brother or sister
AND NOT (family_like = -1 AND iin_like < 1 AND NOT is_row_named)  -- somebody of one father's name and one day
