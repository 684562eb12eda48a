-- Expected and counted by group; a count is shown when it is nil or safe (release_macros.sql), and counted ones only if nothing unsafe
-- follows from them: who is no usual resident, who is not present, and who is present in another group than the own. A rate compares
-- only sites that have an expected count, in numerator and denominator alike; it gives away how many the other sites counted. The two
-- rates together give away how many of either kind of site are away and how many are guests: the second is given only if that is safe.
WITH stay AS (
    SELECT
        institution_id,
        count(*) FILTER (WHERE is_usual) AS usual,
        count(*) FILTER (WHERE is_present) AS present,
        count(*) FILTER (WHERE NOT is_present) AS away,
        count(*) FILTER (WHERE NOT is_usual) AS guest
    FROM (
        SELECT
            unnest(list_distinct([usual_institution_id, present_institution_id])) AS institution_id,
            COALESCE(institution_id = usual_institution_id, FALSE) AS is_usual,
            COALESCE(institution_id = present_institution_id, FALSE) AS is_present
        FROM person
    )
    GROUP BY institution_id
),

site AS (
    SELECT
        release_site.institution_id,
        release_group.released_group,
        release_group.min_count,
        release_site.tier = 'S3' AS is_s3,
        expected.grade,
        CASE WHEN expected.grade <> 'MISSING' THEN expected.expected_present_count END AS expected_present,
        CASE WHEN expected.grade <> 'MISSING' THEN expected.expected_usual_count END AS expected_usual,
        COALESCE(stay.present, 0) AS present,
        COALESCE(stay.usual, 0) AS usual,
        COALESCE(stay.away, 0) AS away,
        COALESCE(stay.guest, 0) AS guest
    FROM release_site
    JOIN release_group USING (publication_group)
    LEFT JOIN expected USING (institution_id)
    LEFT JOIN stay USING (institution_id)
),

parted AS (
    SELECT
        *,
        CASE WHEN expected_present IS NULL THEN 0 ELSE present END AS compared_present,
        CASE WHEN expected_present IS NULL THEN present ELSE 0 END AS other_present,
        CASE WHEN expected_usual IS NULL THEN 0 ELSE usual END AS compared_usual,
        CASE WHEN expected_usual IS NULL THEN usual ELSE 0 END AS other_usual,
        CASE WHEN expected_present IS NULL THEN 0 ELSE away END AS compared_away,
        CASE WHEN expected_present IS NULL THEN away ELSE 0 END AS other_away,
        CASE WHEN expected_present IS NULL THEN 0 ELSE guest END AS compared_guest,
        CASE WHEN expected_present IS NULL THEN guest ELSE 0 END AS other_guest
    FROM site
),

measured AS (
    UNPIVOT parted
    ON expected_present, present, compared_present, other_present, expected_usual, usual, compared_usual, other_usual,
    compared_away, other_away, compared_guest, other_guest
    INTO NAME measure VALUE person_count
),

cell AS (
    SELECT
        released_group,
        measure,
        sum(person_count)::BIGINT AS person_count,
        sum(person_count) = 0 OR is_safe_cell(
            sum(person_count),
            count(*) FILTER (WHERE person_count > 0),
            max(person_count),
            sum(person_count) FILTER (WHERE is_s3),
            max(min_count)
        ) AS is_safe
    FROM measured
    GROUP BY released_group, measure
),

-- who is present in one group and counted in another is in the one count and not in the other, in both groups
moved AS (
    SELECT
        [usual_group.released_group, present_group.released_group] AS both_groups,
        person.usual_institution_id AS institution_id,
        usual_site.tier = 'S3' AS is_s3,
        greatest(usual_group.min_count, present_group.min_count) AS min_count
    FROM person
    JOIN release_site AS usual_site ON usual_site.institution_id = person.usual_institution_id
    JOIN release_group AS usual_group ON usual_group.publication_group = usual_site.publication_group
    JOIN release_site AS present_site ON present_site.institution_id = person.present_institution_id
    JOIN release_group AS present_group ON present_group.publication_group = present_site.publication_group
    WHERE usual_group.released_group <> present_group.released_group
),

crossing AS (
    SELECT
        one.released_group,
        moved.institution_id,
        moved.is_s3,
        max(moved.min_count) AS min_count,
        count(*) AS person_count
    FROM moved
    CROSS JOIN unnest(moved.both_groups) AS one (released_group)
    GROUP BY one.released_group, moved.institution_id, moved.is_s3
),

closed AS (
    SELECT
        release_population.released_group,
        CASE release_cell.column_name WHEN 'is_present' THEN 'present' ELSE 'usual' END AS measure
    FROM release_cell
    JOIN release_population USING (population)
    WHERE release_cell.is_closed
        AND (release_cell.column_name = 'is_present' OR (release_cell.column_name = 'basis' AND release_cell.value = 'usual_here'))
    UNION
    SELECT
        released_group,
        'present' AS measure
    FROM crossing
    GROUP BY released_group
    HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
),

judged AS (
    SELECT
        cell.released_group,
        cell.measure,
        cell.is_safe AND closed.measure IS NULL AS is_shown,
        CASE WHEN cell.is_safe AND closed.measure IS NULL THEN cell.person_count END AS person_count
    FROM cell
    LEFT JOIN closed USING (released_group, measure)
),

shown AS (
    SELECT
        released_group,
        bool_and(is_shown) FILTER (WHERE measure IN ('expected_present', 'present', 'expected_usual', 'usual')) AS is_whole,
        max(person_count) FILTER (WHERE measure = 'expected_present') AS expected_present_count,
        max(person_count) FILTER (WHERE measure = 'present') AS present_count,
        max(person_count) FILTER (WHERE measure = 'expected_usual') AS expected_usual_count,
        max(person_count) FILTER (WHERE measure = 'usual') AS usual_count,
        max(person_count) FILTER (WHERE measure = 'compared_present') AS compared_present_count,
        max(person_count) FILTER (WHERE measure = 'other_present') AS other_present_count,
        max(person_count) FILTER (WHERE measure = 'compared_usual') AS compared_usual_count,
        max(person_count) FILTER (WHERE measure = 'other_usual') AS other_usual_count,
        bool_and(is_shown) FILTER (WHERE measure IN ('compared_away', 'other_away', 'compared_guest', 'other_guest')) AS is_difference_safe
    FROM judged
    GROUP BY released_group
),

rated AS (
    SELECT
        *,
        CASE
            WHEN present_count = compared_present_count + other_present_count
                THEN safe_rate(compared_present_count, expected_present_count)
        END AS present_rate,
        CASE
            WHEN
                usual_count = compared_usual_count + other_usual_count
                AND (is_difference_safe OR COALESCE(present_count <> compared_present_count + other_present_count, TRUE))
                THEN safe_rate(compared_usual_count, expected_usual_count)
        END AS usual_rate
    FROM shown
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
    rated.expected_present_count,
    rated.present_count,
    rated.present_rate,
    rated.expected_usual_count,
    rated.usual_count,
    rated.usual_rate,
    -- what is empty in a row of which all is told is not known, or a share of nobody
    NOT rated.is_whole
    OR (rated.present_rate IS NULL AND COALESCE(rated.expected_present_count, 0) > 0)
    OR (rated.usual_rate IS NULL AND COALESCE(rated.expected_usual_count, 0) > 0) AS is_suppressed
FROM sites
JOIN rated USING (released_group)
