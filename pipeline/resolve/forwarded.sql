-- People in scope of the census who belong elsewhere, once per institution that saw them, for the office there.
WITH seen AS (
    SELECT
        respondent.record_id,
        respondent.institution_id,
        respondent.home_kato,
        respondent.cluster_no,
        person_record.person_id,
        person.usual_institution_id,
        person.basis,
        institution.category_code,
        ref_category.tier,
        residence_rule.pattern,
        record.form_code,
        COALESCE(respondent.scope_reason, 'USUAL_HOME_ELSEWHERE') AS reason,
        person_record.role
    FROM respondent
    JOIN person_record USING (record_id)
    JOIN record USING (record_id)
    LEFT JOIN person USING (person_id)
    LEFT JOIN institution ON respondent.institution_id = institution.institution_id
    LEFT JOIN ref_category USING (category_code)
    LEFT JOIN residence_rule USING (category_code)
    WHERE respondent.scope_reason IN ('NOT_HERE_AT_MOMENT', 'BELONGS_ELSEWHERE')
    OR (person_record.role IN ('survivor', 'conflict') AND person.basis <> 'usual_here')
)

SELECT
    record_id,
    institution_id,
    category_code,
    reason,
    -- no address leads to an institution whose people must not be found
    CASE WHEN tier IS DISTINCT FROM 'S3' AND pattern IS DISTINCT FROM 'SAFE_HOUSE' THEN home_kato END AS destination_kato,
    COALESCE(basis, CASE WHEN home_kato IS NULL THEN 'place_unresolved' END) AS basis,
    person_id
FROM seen
-- a usual home here needs no other office; a visitor's home is abroad
WHERE usual_institution_id IS NULL AND form_code IS DISTINCT FROM 'F4_TEMP_VISITOR'
QUALIFY row_number() OVER (
    PARTITION BY cluster_no, institution_id
    ORDER BY role = 'out_of_scope', home_kato IS NULL, record_id
) = 1
