-- Expected and counted by group; a count is shown when it is nil or safe (release_macros.sql).
WITH site AS (
    SELECT
        institution.institution_id,
        release_group.released_group,
        release_group.min_count,
        expected.grade,
        CASE WHEN expected.grade <> 'MISSING' THEN expected.expected_present_count END AS expected_present,
        CASE WHEN expected.grade <> 'MISSING' THEN expected.expected_usual_count END AS expected_usual,
        COALESCE(present.person_count, 0) AS present,
        COALESCE(usual.person_count, 0) AS usual
    FROM institution
    JOIN ref_category USING (category_code)
    JOIN release_group USING (publication_group)
    LEFT JOIN expected USING (institution_id)
    LEFT JOIN (
        SELECT
            present_institution_id AS institution_id,
            count(*) AS person_count
        FROM person
        GROUP BY present_institution_id
    ) AS present USING (institution_id)
    LEFT JOIN (
        SELECT
            usual_institution_id AS institution_id,
            count(*) AS person_count
        FROM person
        GROUP BY usual_institution_id
    ) AS usual USING (institution_id)
),

measured AS (
    UNPIVOT site
    ON expected_present, present, expected_usual, usual
    INTO NAME measure VALUE person_count
),

cell AS (
    SELECT
        released_group,
        measure,
        sum(person_count)::BIGINT AS person_count,
        sum(person_count) = 0 OR is_safe_cell(
            sum(person_count), count(*) FILTER (WHERE person_count > 0), max(person_count), max(min_count)
        ) AS is_safe
    FROM measured
    GROUP BY released_group, measure
),

shown AS (
    SELECT
        released_group,
        max(person_count) FILTER (WHERE measure = 'expected_present' AND is_safe) AS expected_present_count,
        max(person_count) FILTER (WHERE measure = 'present' AND is_safe) AS present_count,
        max(person_count) FILTER (WHERE measure = 'expected_usual' AND is_safe) AS expected_usual_count,
        max(person_count) FILTER (WHERE measure = 'usual' AND is_safe) AS usual_count
    FROM cell
    GROUP BY released_group
),

sites AS (
    SELECT
        released_group,
        count(*) AS institution_count,
        count(*) FILTER (WHERE grade = 'FIRM') AS firm_count
    FROM site
    GROUP BY released_group
)

SELECT
    sites.released_group AS publication_group,
    sites.institution_count,
    sites.firm_count,
    shown.expected_present_count,
    shown.present_count,
    safe_rate(shown.present_count, shown.expected_present_count) AS present_rate,
    shown.expected_usual_count,
    shown.usual_count,
    safe_rate(shown.usual_count, shown.expected_usual_count) AS usual_rate
FROM sites
LEFT JOIN shown USING (released_group)
