-- Records that share their person with another, in the order in which they may stand for the person.
WITH member AS (
    SELECT
        scoped.no,
        scoped.record_id,
        scoped.cluster_no,
        scoped.case_id,
        scoped.scope_reason,
        scoped.usual_institution_id,
        scoped.present_institution_id,
        scoped.completed_at,
        scoped.birth_on,
        scoped.sex,
        scoped.citizenship,
        current_record.case_status,
        current_record.is_proxy,
        current_record.fact_rank,
        current_record.is_birth_exact,
        current_record.age_stated,
        answers.proxy_source
    FROM scoped
    JOIN current_record USING (no)
    JOIN kept_answers AS answers ON scoped.record_id = answers.record_id
    WHERE scoped.tier IS NOT NULL
),

answer AS (
    UNPIVOT (
        SELECT
            record.record_id,
            record.iin,
            record.sex::VARCHAR AS sex,
            record.birth_on::VARCHAR AS birth_date,
            record.birth_date_precision,
            COLUMNS(answers.* EXCLUDE (record_id))::VARCHAR
        FROM current_record AS record
        JOIN kept_answers AS answers USING (record_id)
        SEMI JOIN member USING (no)
    )
    ON COLUMNS(* EXCLUDE (record_id))
    INTO NAME variable VALUE value
),

-- How full a record is, by the weights of the questionnaire; and what it says that another may say better.
told AS (
    SELECT
        answer.record_id,
        sum(ref_variable.weight) AS completeness,
        list(answer.variable ORDER BY answer.variable)
            FILTER (WHERE COALESCE(ref_variable.precedence, ref_variable.follows) IS NOT NULL) AS variables
    FROM answer
    JOIN ref_variable USING (variable)
    GROUP BY answer.record_id
),

weighed AS (
    SELECT
        member.*,
        told.variables,
        COALESCE(told.completeness, 0) AS completeness
    FROM member
    LEFT JOIN told USING (record_id)
)

SELECT
    no,
    record_id,
    cluster_no,
    completeness,
    variables,
    scope_reason,
    birth_on,
    sex,
    citizenship,
    is_proxy,
    proxy_source,
    fact_rank,
    is_birth_exact,
    age_stated,
    row_number() OVER (
        PARTITION BY cluster_no
        ORDER BY
            scope_reason IS NOT NULL, usual_institution_id IS NULL AND present_institution_id IS NULL,
            case_status IS DISTINCT FROM 'submitted', is_proxy,
            completeness DESC, completed_at DESC NULLS LAST, case_id
    ) AS place
FROM weighed
