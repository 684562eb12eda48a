-- Expected and counted by group; a count is shown when it is nil or safe (release_macros.sql), and counted ones only if nothing unsafe
-- follows from them: who is no usual resident, who is not present, and what release_difference.sql names. A rate compares
-- only sites that have an expected count, in numerator and denominator alike; it gives away how many the other sites counted. The two
-- rates together give away how many of either kind of site are away and how many are guests: the second is given only if that is safe.
WITH parted AS (
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
    FROM release_site_count
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

closed AS (
    SELECT
        release_population.released_group,
        CASE release_cell.column_name WHEN 'is_present' THEN 'present' ELSE 'usual' END AS measure
    FROM release_cell
    JOIN release_population USING (population)
    WHERE release_cell.is_closed
        AND (release_cell.column_name = 'is_present' OR (release_cell.column_name = 'basis' AND release_cell.value = 'usual_here'))
    UNION
    FROM release_difference
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
    FROM release_site_count
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
