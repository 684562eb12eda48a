-- Every counted person once, with the two places; the survivor's own unless several records speak of the person.
WITH counts AS (
    SELECT
        cluster_no,
        count(*) AS record_count,
        bool_or(current_record.iin IS NOT NULL) AS has_iin
    FROM contender
    JOIN current_record USING (no)
    GROUP BY cluster_no
),

-- who was known by a version that another replaced is not new with that other
earlier AS (
    SELECT
        case_record.case_id,
        min(record.received_at) AS received_at
    FROM case_record
    JOIN record USING (record_id)
    WHERE case_record.standing = 'superseded' AND COALESCE(record.case_status, '') NOT IN ('draft', 'withdrawn')
    GROUP BY case_record.case_id
),

lent AS (
    SELECT
        first_place.cluster_no,
        max(contender.birth_on) FILTER (WHERE person_field.column_name = 'birth_date') AS birth_on,
        max(contender.sex) FILTER (WHERE person_field.column_name = 'sex') AS sex,
        max(contender.citizenship) FILTER (WHERE person_field.column_name = 'citizenship') AS citizenship
    FROM person_field
    JOIN contender USING (record_id)
    JOIN contender AS first_place ON contender.cluster_no = first_place.cluster_no AND first_place.place = 1
    GROUP BY first_place.cluster_no
)

SELECT
    linked.no,
    linked.record_id,
    linked.cluster_no,
    linked.person_id,
    linked.founder_case_id,
    COALESCE(lent.birth_on, scoped.birth_on) AS birth_on,
    COALESCE(lent.sex, scoped.sex) AS sex,
    COALESCE(lent.citizenship, scoped.citizenship) AS citizenship,
    scoped.age_stated,
    scoped.mode,
    scoped.is_proxy,
    scoped.proxy_reason,
    scoped.completed_at,
    least(scoped.received_at, founder.admitted_at, earlier.received_at) AS received_at,
    scoped.since_on,
    scoped.evidence,
    COALESCE(counts.record_count, 1) AS record_count,
    COALESCE(counts.has_iin, scoped.iin IS NOT NULL) AS has_iin,
    CASE
        WHEN person_place.cluster_no IS NULL THEN scoped.usual_institution_id
        ELSE person_place.usual_institution_id
    END AS usual_institution_id,
    CASE
        WHEN person_place.cluster_no IS NULL THEN scoped.present_institution_id
        ELSE person_place.present_institution_id
    END AS present_institution_id
FROM linked
JOIN scoped USING (no)
LEFT JOIN person_place ON linked.cluster_no = person_place.cluster_no
LEFT JOIN counts ON linked.cluster_no = counts.cluster_no
LEFT JOIN founder ON linked.cluster_no = founder.cluster_no
LEFT JOIN earlier ON linked.case_id = earlier.case_id
LEFT JOIN lent ON linked.cluster_no = lent.cluster_no
WHERE linked.role IN ('survivor', 'conflict')
