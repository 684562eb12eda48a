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
    JOIN answers ON scoped.record_id = answers.record_id
    WHERE scoped.tier IS NOT NULL
),

-- Weight 3 for what only the person can say, 1 for the rest.
weighed AS (
    SELECT
        *,
        3 * (
            (religion IS NOT NULL)::INTEGER + (ethnicity IS NOT NULL)::INTEGER + (native_language IS NOT NULL)::INTEGER
            + (plans_to_move_abroad IS NOT NULL)::INTEGER + (marital_status IS NOT NULL)::INTEGER
            + (education_level IS NOT NULL)::INTEGER
        )
        + (citizenship IS NOT NULL)::INTEGER + (birth_place_country IS NOT NULL)::INTEGER
        + (birth_place_kato IS NOT NULL)::INTEGER + (residence_since_year IS NOT NULL)::INTEGER
        + (usual_address_kato IS NOT NULL)::INTEGER + (is_literate IS NOT NULL)::INTEGER
        + (livelihood_main IS NOT NULL)::INTEGER + (has_worked_last_week IS NOT NULL)::INTEGER
        + (children_born_count IS NOT NULL)::INTEGER + (disability_group IS NOT NULL)::INTEGER
        + (wg_seeing IS NOT NULL)::INTEGER + (wg_hearing IS NOT NULL)::INTEGER + (wg_walking IS NOT NULL)::INTEGER
        + (wg_memory IS NOT NULL)::INTEGER + (wg_selfcare IS NOT NULL)::INTEGER
        + (wg_communication IS NOT NULL)::INTEGER AS completeness
    FROM member
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
