-- Every counted person once, with the two places.
WITH counts AS (
    SELECT
        cluster_no,
        count(*) AS record_count,
        bool_or(current_record.iin IS NOT NULL) AS has_iin
    FROM contender
    JOIN current_record USING (no)
    GROUP BY cluster_no
),

lent AS (
    SELECT
        person_field.person_id,
        max(contender.birth_on) FILTER (WHERE person_field.column_name = 'birth_on') AS birth_on,
        max(contender.sex) FILTER (WHERE person_field.column_name = 'sex') AS sex,
        max(contender.citizenship) FILTER (WHERE person_field.column_name = 'citizenship') AS citizenship
    FROM person_field
    JOIN contender USING (record_id)
    GROUP BY person_field.person_id
),

-- The survivor's own, unless several records speak of the person.
described AS (
    SELECT
        linked.*,
        COALESCE(lent.birth_on, linked.birth_on) AS person_birth_on,
        COALESCE(lent.sex, linked.sex) AS person_sex,
        COALESCE(lent.citizenship, linked.citizenship) AS person_citizenship,
        COALESCE(counts.record_count, 1) AS record_count,
        COALESCE(counts.has_iin, linked.iin IS NOT NULL) AS has_iin,
        CASE WHEN person_place.cluster_no IS NULL THEN linked.usual_institution_id ELSE person_place.usual_institution_id END
            AS usual_id,
        CASE
            WHEN person_place.cluster_no IS NULL THEN linked.present_institution_id
            ELSE person_place.present_institution_id
        END AS present_id
    FROM linked
    LEFT JOIN person_place USING (cluster_no)
    LEFT JOIN counts ON linked.cluster_no = counts.cluster_no
    LEFT JOIN lent ON linked.tier IS NOT NULL AND linked.person_id = lent.person_id
    WHERE linked.role IN ('survivor', 'conflict')
)

SELECT
    described.person_id,
    described.founder_case_id,
    described.record_id AS survivor_record_id,
    described.usual_id AS usual_institution_id,
    described.present_id AS present_institution_id,
    CASE
        WHEN described.usual_id IS NOT NULL THEN 'usual_here'
        WHEN described.present_id IS NOT NULL THEN 'present_only'
        ELSE 'place_unresolved'
    END AS basis,
    described.person_sex AS sex,
    -- completed by the civil date of the moment: a birthday on the day after is not reached
    COALESCE(greatest(date_sub('year', described.person_birth_on, round.moment_on), 0), described.age_stated)
        AS age_completed,
    COALESCE(year(described.person_birth_on), year(round.moment_on) - described.age_stated) AS birth_year,
    described.person_citizenship AS citizenship,
    described.mode,
    described.is_proxy,
    described.proxy_reason,
    described.record_count,
    described.completed_at,
    described.received_at,
    described.has_iin,
    entry_of.entry_id IS NOT NULL AS on_list,
    entry_of.entry_id
FROM described
LEFT JOIN entry_of
    ON described.cluster_no = entry_of.cluster_no
    AND entry_of.institution_id = COALESCE(described.usual_id, described.present_id)
CROSS JOIN round
