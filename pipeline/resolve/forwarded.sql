-- People in scope of the census who belong elsewhere, once per institution that saw them, for the office there.
WITH seen AS (
    SELECT
        linked.record_id,
        linked.institution_id,
        linked.home_kato,
        linked.cluster_no,
        linked.person_id,
        linked.role,
        institution.category_code,
        ref_category.tier,
        residence_rule.pattern,
        COALESCE(linked.scope_reason, 'USUAL_HOME_ELSEWHERE') AS reason
    FROM linked
    LEFT JOIN institution USING (institution_id)
    LEFT JOIN ref_category USING (category_code)
    LEFT JOIN residence_rule USING (category_code)
    -- a visitor's home is abroad
    WHERE linked.form_code IS DISTINCT FROM 'F4_TEMP_VISITOR'
    AND (
        linked.scope_reason IN ('NOT_HERE_AT_MOMENT', 'BELONGS_ELSEWHERE')
        OR (linked.role IN ('survivor', 'conflict') AND (linked.usual_institution_id IS NULL OR linked.tier IS NOT NULL))
    )
)

SELECT
    seen.record_id,
    seen.institution_id,
    seen.category_code,
    seen.reason,
    -- no address leads to an institution whose people must not be found
    CASE WHEN seen.tier IS DISTINCT FROM 'S3' AND seen.pattern IS DISTINCT FROM 'SAFE_HOUSE' THEN seen.home_kato END
        AS destination_kato,
    COALESCE(person.basis, CASE WHEN seen.home_kato IS NULL THEN 'place_unresolved' END) AS basis,
    seen.person_id
FROM seen
LEFT JOIN person ON seen.person_id = person.person_id
-- a usual home here needs no other office
WHERE person.usual_institution_id IS NULL
QUALIFY row_number() OVER (
    PARTITION BY seen.cluster_no, seen.institution_id
    ORDER BY seen.role = 'out_of_scope', seen.home_kato IS NULL, seen.record_id
) = 1
