-- Every counted person once, with the two places.
WITH survivor AS (
    SELECT
        person_record.person_id,
        person_record.founder_case_id,
        respondent.*
    FROM person_record
    JOIN respondent USING (record_id)
    WHERE person_record.role IN ('survivor', 'conflict')
),

-- Places are the survivor's own unless several records speak of the person.
placed AS (
    SELECT
        survivor.* EXCLUDE (usual_institution_id, present_institution_id),
        person_place.cluster_no IS NOT NULL AS is_combined,
        CASE
            WHEN person_place.cluster_no IS NULL THEN survivor.usual_institution_id
            ELSE person_place.usual_institution_id
        END AS usual_institution_id,
        CASE
            WHEN person_place.cluster_no IS NULL THEN survivor.present_institution_id
            ELSE person_place.present_institution_id
        END AS present_institution_id
    FROM survivor
    LEFT JOIN person_place USING (cluster_no)
),

counts AS (
    SELECT
        cluster_no,
        count(*) AS record_count
    FROM contender
    GROUP BY cluster_no
),

numbered AS (
    SELECT DISTINCT respondent.cluster_no
    FROM contender
    JOIN respondent USING (record_id)
    WHERE respondent.iin_is_usable
),

lent AS (
    SELECT
        person_field.person_id,
        max(respondent.birth_on) FILTER (WHERE person_field.column_name = 'birth_on') AS birth_on,
        max(respondent.sex) FILTER (WHERE person_field.column_name = 'sex') AS sex,
        max(contender.citizenship) FILTER (WHERE person_field.column_name = 'citizenship') AS citizenship
    FROM person_field
    JOIN respondent USING (record_id)
    JOIN contender USING (record_id)
    GROUP BY person_field.person_id
),

described AS (
    SELECT
        placed.*,
        record.mode,
        record.completed_at,
        record.received_at,
        answers.is_proxy,
        answers.proxy_reason,
        answers.age_stated,
        COALESCE(lent.birth_on, placed.birth_on) AS person_birth_on,
        COALESCE(lent.sex, placed.sex) AS person_sex,
        COALESCE(lent.citizenship, answers.citizenship) AS citizenship,
        COALESCE(counts.record_count, 1) AS record_count,
        placed.iin_is_usable OR numbered.cluster_no IS NOT NULL AS has_iin
    FROM placed
    JOIN record USING (record_id)
    JOIN answers USING (record_id)
    LEFT JOIN lent ON placed.person_id = lent.person_id
    LEFT JOIN counts ON placed.cluster_no = counts.cluster_no
    LEFT JOIN numbered ON placed.cluster_no = numbered.cluster_no
)

SELECT
    described.person_id,
    described.founder_case_id,
    described.record_id AS survivor_record_id,
    described.usual_institution_id,
    described.present_institution_id,
    CASE
        WHEN described.usual_institution_id IS NOT NULL THEN 'usual_here'
        WHEN described.present_institution_id IS NOT NULL THEN 'present_only'
        ELSE 'place_unresolved'
    END AS basis,
    described.person_sex AS sex,
    -- completed by the civil date of the moment: a birthday on the day after is not reached
    COALESCE(
        greatest(date_sub('year', described.person_birth_on, round.moment_on), 0), described.age_stated
    ) AS age_completed,
    COALESCE(year(described.person_birth_on), year(round.moment_on) - described.age_stated) AS birth_year,
    described.citizenship,
    described.mode,
    COALESCE(described.is_proxy, FALSE) AS is_proxy,
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
    AND entry_of.institution_id = COALESCE(described.usual_institution_id, described.present_institution_id)
CROSS JOIN round
