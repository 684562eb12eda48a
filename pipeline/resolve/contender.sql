-- Records that share their person with another, in the order in which they may stand for the person.
WITH member AS (
    SELECT
        scoped.no,
        scoped.cluster_no,
        scoped.case_id,
        scoped.scope_reason,
        scoped.usual_institution_id,
        scoped.present_institution_id,
        scoped.completed_at,
        scoped.birth_on,
        scoped.sex,
        current_record.case_status,
        answers.*
    FROM scoped
    JOIN current_record USING (no)
    JOIN kept_answers AS answers ON scoped.record_id = answers.record_id
    WHERE scoped.tier IS NOT NULL
),

answer AS (
    UNPIVOT (
        SELECT record_id, COLUMNS(* EXCLUDE (record_id))::VARCHAR
        FROM kept_answers
        SEMI JOIN member USING (record_id)
    )
    ON COLUMNS(* EXCLUDE (record_id))
    INTO NAME variable VALUE value
),

-- How full a record is, by the weights of the questionnaire.
fullness AS (
    SELECT
        answer.record_id,
        sum(ref_variable.weight) AS completeness
    FROM answer
    JOIN ref_variable USING (variable)
    GROUP BY answer.record_id
),

weighed AS (
    SELECT
        member.*,
        COALESCE(fullness.completeness, 0) AS completeness
    FROM member
    LEFT JOIN fullness USING (record_id)
)

SELECT
    no,
    record_id,
    cluster_no,
    completeness,
    scope_reason,
    birth_on,
    sex,
    COALESCE(is_proxy, FALSE) AS is_proxy,
    proxy_source,
    citizenship,
    religion,
    religion_branch,
    ethnicity,
    native_language,
    plans_to_move_abroad,
    row_number() OVER (
        PARTITION BY cluster_no
        ORDER BY
            scope_reason IS NOT NULL, usual_institution_id IS NULL AND present_institution_id IS NULL,
            case_status IS DISTINCT FROM 'submitted', COALESCE(is_proxy, FALSE),
            completeness DESC, completed_at DESC NULLS LAST, case_id
    ) AS place
FROM weighed
