-- Every counted person once, with the two places.
SELECT
    counted.person_id,
    counted.founder_case_id,
    counted.record_id AS survivor_record_id,
    counted.usual_institution_id,
    counted.present_institution_id,
    CASE
        WHEN counted.usual_institution_id IS NOT NULL THEN 'usual_here'
        WHEN counted.present_institution_id IS NOT NULL THEN 'present_only'
        ELSE 'place_unresolved'
    END AS basis,
    counted.sex,
    -- completed by the civil date of the moment: a birthday on the day after is not reached
    COALESCE(
        CASE WHEN counted.birth_on IS NOT NULL THEN greatest(date_sub('year', counted.birth_on, round.moment_on), 0) END,
        counted.age_stated
    ) AS age_completed,
    COALESCE(year(counted.birth_on), year(round.moment_on) - counted.age_stated) AS birth_year,
    counted.citizenship,
    counted.mode,
    counted.is_proxy,
    counted.proxy_reason,
    counted.record_count,
    counted.completed_at,
    counted.received_at,
    counted.has_iin,
    entry_of.entry_id IS NOT NULL AS on_list,
    entry_of.entry_id
FROM counted
LEFT JOIN entry_of
    ON counted.cluster_no = entry_of.cluster_no
    AND entry_of.institution_id = COALESCE(counted.usual_institution_id, counted.present_institution_id)
CROSS JOIN round
