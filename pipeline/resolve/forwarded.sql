-- People in scope of the census who belong elsewhere, once per institution that saw them, for the office there.
WITH refuge AS (
    SELECT institution.institution_id
    FROM institution
    LEFT JOIN residence_rule USING (category_code)
    WHERE COALESCE(residence_rule.pattern = 'SAFE_HOUSE', TRUE)
),

seen AS (
    SELECT
        scoped.record_id,
        scoped.institution_id,
        -- nor is the home of whoever is in a safe house told by an institution that saw the person before
        CASE WHEN refuge.institution_id IS NULL THEN scoped.home_kato END AS home_kato,
        linked.cluster_no,
        linked.person_id,
        linked.role,
        COALESCE(scoped.scope_reason, 'USUAL_HOME_ELSEWHERE') AS reason,
        CASE
            WHEN counted.cluster_no IS NULL THEN NULL
            WHEN counted.present_institution_id IS NOT NULL THEN 'present_only'
            ELSE 'place_unresolved'
        END AS basis
    FROM linked
    JOIN scoped USING (no)
    LEFT JOIN counted ON linked.cluster_no = counted.cluster_no
    LEFT JOIN refuge ON counted.present_institution_id = refuge.institution_id
    -- a visitor's home is abroad; who has a usual home here needs no other office
    WHERE scoped.form_code IS DISTINCT FROM 'F4_TEMP_VISITOR'
    AND counted.usual_institution_id IS NULL
    AND (scoped.scope_reason IN ('NOT_HERE_AT_MOMENT', 'BELONGS_ELSEWHERE') OR linked.role IN ('survivor', 'conflict'))
)

SELECT
    seen.record_id,
    institution.institution_id,
    institution.category_code,
    seen.reason,
    -- no address leads to an institution whose people must not be found, or of which nobody knows whether they may
    CASE
        WHEN site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) <> 'S3'
        AND residence_rule.pattern IS DISTINCT FROM 'SAFE_HOUSE'
            THEN seen.home_kato
    END AS destination_kato,
    COALESCE(seen.basis, CASE WHEN seen.home_kato IS NULL THEN 'place_unresolved' END) AS basis,
    seen.person_id
FROM seen
LEFT JOIN institution USING (institution_id)
LEFT JOIN ref_category USING (category_code)
LEFT JOIN residence_rule USING (category_code)
QUALIFY row_number() OVER (
    PARTITION BY seen.cluster_no, seen.institution_id
    ORDER BY seen.role = 'out_of_scope', seen.home_kato IS NULL, seen.record_id
) = 1
