-- Coverage of every institution: counted against expected, and what stands between the two.
WITH site AS (
    SELECT
        institution.institution_id,
        COALESCE(institution.category_code, 'UNKNOWN') AS category_code,
        site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) AS tier,
        ref_category.publication_group,
        residence_rule.pattern,
        kato_district(institution.kato) AS district_kato,
        institution.capacity,
        COALESCE(institution.is_web_only, FALSE) AS is_web_only,
        institution.closed_on IS NULL OR institution.closed_on > round.moment_on AS is_active
    FROM institution
    LEFT JOIN ref_category USING (category_code)
    LEFT JOIN residence_rule USING (category_code)
    CROSS JOIN round
    UNION ALL BY NAME
    -- what names no institution of the register is not dropped: it lies here until somebody finds its place
    SELECT
        'UNKNOWN' AS institution_id,
        'UNKNOWN' AS category_code,
        FALSE AS is_web_only,
        FALSE AS is_active
),

-- A training case or a draft, whatever became of it, says nothing of anybody, like what comes again.
practice AS (
    SELECT record_id
    FROM record
    WHERE is_training OR case_status = 'draft'
),

-- R_raw, R_cases and the states, by the sender's institution.
received AS (
    SELECT
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        sum(sent.record_count) AS record_count,
        sum(sent.case_count) AS case_count,
        sum(sent.quarantined_count) AS quarantined_count,
        sum(sent.duplicate_count) AS duplicate_count,
        sum(sent.erroneous_count) AS erroneous_count,
        sum(sent.forwarded_count) AS forwarded_count,
        max(sent.last_received_at) AS last_received_at
    FROM (
        SELECT
            institution_id,
            count(*) AS record_count,
            -- a case has one version in force
            count(*) FILTER (WHERE state IN ('counted', 'duplicate', 'out_of_scope')) AS case_count,
            count(*) FILTER (WHERE state = 'quarantined' AND is_settled IS NOT TRUE) AS quarantined_count,
            count(*) FILTER (WHERE state = 'duplicate') AS duplicate_count,
            count(*) FILTER (WHERE state = 'out_of_scope' AND reason NOT IN (
                'WITHDRAWN', 'TRAINING', 'DRAFT', 'PRIVATE_HOUSEHOLD', 'BELONGS_ELSEWHERE'
            )) AS erroneous_count,
            count(*) FILTER (WHERE state = 'out_of_scope' AND reason = 'BELONGS_ELSEWHERE') AS forwarded_count,
            max(received_at) FILTER (WHERE state <> 'repeated' AND practice.record_id IS NULL) AS last_received_at
        FROM record_state
        LEFT JOIN practice USING (record_id)
        GROUP BY institution_id
    ) AS sent
    LEFT JOIN institution USING (institution_id)
    GROUP BY ALL
),

-- One pass over the persons, by the pair of places; both populations are summed from it.
pair AS (
    SELECT
        usual_institution_id,
        present_institution_id,
        basis,
        count(*) AS person_count,
        count(*) FILTER (WHERE is_proxy) AS proxy_count,
        count(*) FILTER (WHERE mode IN ('web_self', 'web_assisted')) AS web_count,
        count(*) FILTER (WHERE NOT has_iin) AS iin_missing_count
    FROM person
    GROUP BY ALL
),

place AS (
    SELECT
        usual_institution_id AS institution_id,
        'usual' AS sense,
        *
    FROM pair
    WHERE usual_institution_id IS NOT NULL
    UNION ALL BY NAME
    SELECT
        present_institution_id AS institution_id,
        'present' AS sense,
        *
    FROM pair
    WHERE present_institution_id IS NOT NULL
    UNION ALL BY NAME
    -- every person is counted at exactly one institution: the usual one, else where found
    SELECT
        COALESCE(usual_institution_id, present_institution_id, 'UNKNOWN') AS institution_id,
        'counted' AS sense,
        *
    FROM pair
),

counted AS (
    SELECT
        COALESCE(institution.institution_id, 'UNKNOWN') AS institution_id,
        sum(person_count) FILTER (WHERE sense = 'usual') AS usual_count,
        sum(person_count) FILTER (WHERE sense = 'present') AS present_count,
        sum(person_count) FILTER (WHERE sense = 'counted') AS person_count,
        sum(person_count) FILTER (WHERE sense = 'counted' AND basis = 'present_only') AS present_only_count,
        sum(proxy_count) FILTER (WHERE sense = 'counted') AS proxy_count,
        sum(web_count) FILTER (WHERE sense = 'counted') AS web_count,
        sum(iin_missing_count) FILTER (WHERE sense = 'counted') AS iin_missing_count
    FROM place
    LEFT JOIN institution USING (institution_id)
    GROUP BY ALL
),

-- Who belongs elsewhere, nobody knows where: shown apart, and nowhere counted as living there.
unresolved AS (
    SELECT
        COALESCE(institution_id, 'UNKNOWN') AS institution_id,
        count(*) AS unresolved_count
    FROM forwarded
    WHERE basis = 'place_unresolved'
    GROUP BY ALL
),

-- Every entry has one outcome: the person was counted here, was counted elsewhere, or is missing with or without a reason.
matched AS (
    SELECT
        institution_id,
        count(entry_id) AS list_count,
        count(entry_id) FILTER (WHERE outcome IN ('COUNTED', 'TEMP_ABSENT')) AS matched_count,
        count(entry_id) FILTER (WHERE outcome NOT IN ('COUNTED', 'TEMP_ABSENT')) AS list_only_count,
        count(entry_id) FILTER (WHERE outcome = 'COUNTED_ELSEWHERE') AS counted_elsewhere_count,
        count(entry_id) FILTER (WHERE outcome = 'DEPARTED') AS departed_count,
        count(entry_id) FILTER (WHERE outcome = 'DIED') AS died_count,
        count(entry_id) FILTER (WHERE outcome = 'TRANSFERRED') AS transferred_count,
        count(entry_id) FILTER (WHERE outcome = 'FORWARDED') AS belongs_elsewhere_count,
        count(entry_id) FILTER (WHERE outcome = 'REFUSED') AS refused_count,
        count(entry_id) FILTER (WHERE outcome IN ('STAFF', 'DOUBLE_ENTRY')) AS not_expected_count,
        count(entry_id) FILTER (WHERE outcome = 'NOT_FOUND') AS no_outcome_count,
        count(*) FILTER (WHERE outcome IN ('ARRIVED_AFTER_LIST', 'BORN_AFTER_LIST')) AS new_since_list_count,
        count(*) FILTER (WHERE outcome = 'MISSED_BY_LIST') AS missed_by_list_count
    FROM list_match
    GROUP BY institution_id
),

put_together AS (
    SELECT
        site.*,
        COALESCE(expected.grade, 'MISSING') AS grade,
        expected.expected_present_count,
        expected.expected_usual_count,
        COALESCE(counted.usual_count, 0) AS usual_count,
        COALESCE(counted.present_count, 0) AS present_count,
        COALESCE(counted.person_count, 0) AS person_count,
        COALESCE(counted.present_only_count, 0) AS present_only_count,
        COALESCE(unresolved.unresolved_count, 0) AS unresolved_count,
        COALESCE(counted.proxy_count, 0) AS proxy_count,
        COALESCE(counted.web_count, 0) AS web_count,
        COALESCE(counted.iin_missing_count, 0) AS iin_missing_count,
        COALESCE(received.record_count, 0) AS record_count,
        COALESCE(received.case_count, 0) AS case_count,
        COALESCE(received.quarantined_count, 0) AS quarantined_count,
        COALESCE(received.duplicate_count, 0) AS duplicate_count,
        COALESCE(received.erroneous_count, 0) AS erroneous_count,
        COALESCE(received.forwarded_count, 0) AS forwarded_count,
        received.last_received_at,
        COALESCE(matched.list_count, 0) AS list_count,
        COALESCE(matched.matched_count, 0) AS matched_count,
        COALESCE(matched.list_only_count, 0) AS list_only_count,
        COALESCE(matched.counted_elsewhere_count, 0) AS counted_elsewhere_count,
        COALESCE(matched.departed_count, 0) AS departed_count,
        COALESCE(matched.died_count, 0) AS died_count,
        COALESCE(matched.transferred_count, 0) AS transferred_count,
        COALESCE(matched.belongs_elsewhere_count, 0) AS belongs_elsewhere_count,
        COALESCE(matched.refused_count, 0) AS refused_count,
        COALESCE(matched.not_expected_count, 0) AS not_expected_count,
        COALESCE(matched.no_outcome_count, 0) AS no_outcome_count,
        COALESCE(matched.new_since_list_count, 0) AS new_since_list_count,
        COALESCE(matched.missed_by_list_count, 0) AS missed_by_list_count
    FROM site
    LEFT JOIN expected USING (institution_id)
    LEFT JOIN counted USING (institution_id)
    LEFT JOIN unresolved USING (institution_id)
    LEFT JOIN received USING (institution_id)
    LEFT JOIN matched USING (institution_id)
)

SELECT
    put_together.* EXCLUDE (pattern),
    timezone(round.zone, timezone('UTC', build.as_of))::DATE
    - timezone(round.zone, timezone('UTC', put_together.last_received_at))::DATE AS silent_days,
    -- never capped: 1.2 says more than 1; NULL where nothing says how many to expect
    present_count / NULLIF(expected_present_count, 0) AS present_rate,
    usual_count / NULLIF(expected_usual_count, 0) AS usual_rate,
    present_count - expected_present_count AS present_difference_count,
    usual_count - expected_usual_count AS usual_difference_count,
    duplicate_count / NULLIF(case_count, 0) AS duplicate_rate,
    erroneous_count / NULLIF(case_count, 0) AS erroneous_rate,
    matched_count / NULLIF(list_count, 0) AS match_rate,
    no_outcome_count / NULLIF(list_count, 0) AS omission_rate,
    new_since_list_count / NULLIF(person_count, 0) AS new_since_list_rate,
    proxy_count / NULLIF(person_count, 0) AS proxy_rate,
    web_count / NULLIF(person_count, 0) AS web_rate,
    iin_missing_count / NULLIF(person_count, 0) AS iin_missing_rate,
    present_count / NULLIF(capacity, 0) AS capacity_rate,
    is_active AND COALESCE(expected_present_count > 0, pattern IS DISTINCT FROM 'FIRST_CONTACT') AS is_due,
    -- records lie with who sent them, people where they are: another may have sent who is here
    is_active AND COALESCE(expected_present_count > 0, FALSE) AND last_received_at IS NULL AND present_count = 0
        AS is_zero_return,
    is_active AND grade <> 'MISSING' AND no_outcome_count = 0
    AND abs(present_count - expected_present_count) <= greatest(
        round.expected_tolerance_count, round.expected_tolerance_rate * expected_present_count
    ) AS is_complete
FROM put_together
CROSS JOIN round
CROSS JOIN build
-- the line for the unknown is there only when something lies in it
WHERE institution_id <> 'UNKNOWN' OR record_count + person_count > 0
