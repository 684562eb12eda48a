-- People of one kind in the count and in a source, for the institutions the source speaks of: those present at the moment.
-- Who is in both has sex and age by the count, so that nobody is in two strata.
WITH used AS (
    SELECT
        source_kind,
        source_id,
        institution_id,
        status = 'USED' AND source_kind = 'SECOND_SOURCE' AS is_independent
    FROM verification_use
    WHERE status IN ('USED', 'NOT_INDEPENDENT') AND source_kind IN ('CONTROL_WALK', 'SECOND_SOURCE')
),

named AS (
    SELECT
        used.source_kind,
        used.is_independent,
        used.institution_id,
        verification_match.finding,
        verification_match.person_id,
        verification_match.outcome = 'COUNTED_HERE' AS is_matched,
        verification_match.sex,
        verification_match.age_completed
    FROM verification_match
    JOIN used USING (source_id)
    WHERE verification_match.outcome NOT IN ('DOUBLE', 'UNNAMED')
),

found AS (
    SELECT source_kind, institution_id, person_id
    FROM named
    WHERE finding = 'PRESENT' AND is_matched
),

wrong AS (
    SELECT institution_id, person_id
    FROM named
    WHERE source_kind = 'CONTROL_WALK' AND finding = 'NOT_PRESENT' AND is_matched
),

-- what the count has too many is known where a walk looked
walked AS (
    SELECT
        used.source_kind,
        used.is_independent,
        bool_and(walk.institution_id IS NOT NULL) AS is_walked
    FROM used
    LEFT JOIN (SELECT institution_id FROM used WHERE source_kind = 'CONTROL_WALK') AS walk USING (institution_id)
    GROUP BY used.source_kind, used.is_independent
),

first_side AS (
    SELECT
        used.source_kind,
        used.is_independent,
        used.institution_id,
        person.sex,
        person.age_completed,
        1 AS counted,
        (wrong.person_id IS NOT NULL AND found.person_id IS NULL)::INTEGER AS erroneous,
        0 AS named,
        (found.person_id IS NOT NULL)::INTEGER AS matched
    FROM person
    JOIN used ON person.present_institution_id = used.institution_id
    LEFT JOIN found
        ON used.source_kind = found.source_kind AND used.institution_id = found.institution_id AND person.person_id = found.person_id
    LEFT JOIN wrong ON used.institution_id = wrong.institution_id AND person.person_id = wrong.person_id
),

second_side AS (
    SELECT
        named.source_kind,
        named.is_independent,
        named.institution_id,
        CASE WHEN named.is_matched THEN person.sex ELSE named.sex END AS sex,
        CASE WHEN named.is_matched THEN person.age_completed ELSE named.age_completed END AS age_completed,
        0 AS counted,
        0 AS erroneous,
        1 AS named,
        0 AS matched
    FROM named
    LEFT JOIN person USING (person_id)
    WHERE named.finding = 'PRESENT'
),

side AS (
    SELECT * FROM first_side
    UNION ALL
    SELECT * FROM second_side
)

SELECT
    side.source_kind,
    side.is_independent,
    walked.is_walked,
    COALESCE(institution.category_code, 'UNKNOWN') AS category_code,
    COALESCE(side.sex::VARCHAR, 'UNKNOWN') AS sex,
    CASE
        WHEN side.age_completed IS NULL THEN 'UNKNOWN'
        WHEN side.age_completed < 15 THEN '0-14'
        WHEN side.age_completed < 65 THEN '15-64'
        ELSE '65+'
    END AS age_group,
    sum(side.counted)::BIGINT AS counted_count,
    sum(side.erroneous)::BIGINT AS erroneous_count,
    sum(side.named)::BIGINT AS source_count,
    sum(side.matched)::BIGINT AS matched_count
FROM side
JOIN walked USING (source_kind, is_independent)
JOIN institution USING (institution_id)
GROUP BY ALL
UNION ALL
-- the list leads the enumeration: who is on none is harder to find, so it may verify and never estimate
SELECT
    'LIST' AS source_kind,
    FALSE AS is_independent,
    FALSE AS is_walked,
    category_code,
    'ALL' AS sex,
    'ALL' AS age_group,
    sum(person_count)::BIGINT AS counted_count,
    0 AS erroneous_count,
    sum(list_count - not_expected_count)::BIGINT AS source_count,
    sum(matched_count)::BIGINT AS matched_count
FROM coverage_institution
WHERE list_count > 0
GROUP BY category_code
ORDER BY ALL
