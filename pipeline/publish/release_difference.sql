-- Figures of a group that would say something of few, by themselves or beside an earlier release. Who is present in another group than the
-- own is in the count of the present of the one and in the rows of the other: whoever crosses is judged by both places, all of them and
-- those who do or do not since an earlier release. A rate speaks of sites that have an expected count: so are those that got or lost it.
WITH told AS (
    SELECT DISTINCT
        release_told.build_id,
        release_group.released_group
    FROM release_told
    JOIN release_group USING (publication_group)
),

by_side AS (
    SELECT
        build_id,
        is_new,
        released_group,
        min_count,
        unnest([TRUE, FALSE]) AS is_usual_place,
        unnest([usual_institution_id, present_institution_id]) AS institution_id,
        unnest([is_usual_s3, is_present_s3]) AS is_s3
    FROM release_changed
),

crossing AS (
    SELECT
        build_id,
        is_new,
        released_group,
        is_usual_place,
        institution_id,
        is_s3,
        max(min_count) AS min_count,
        count(*) AS person_count
    FROM by_side
    GROUP BY ALL
),

site AS (
    UNPIVOT (
        SELECT
            told.build_id,
            site.institution_id,
            site.released_group,
            site.is_s3,
            site.min_count,
            CASE
                WHEN COALESCE(before.has_expected_present, FALSE) <> (site.expected_present IS NOT NULL) THEN site.present
            END AS compared_present,
            CASE WHEN COALESCE(before.has_expected_usual, FALSE) <> (site.expected_usual IS NOT NULL) THEN site.usual END AS compared_usual
        FROM told
        JOIN release_site_count AS site USING (released_group)
        -- an earlier register need not have had the site
        LEFT JOIN release_earlier_expected AS before USING (build_id, institution_id)
    )
    ON compared_present, compared_usual
    INTO NAME measure VALUE person_count
)

SELECT
    released_group,
    'present' AS measure
FROM crossing
GROUP BY build_id, is_new, released_group, is_usual_place
HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
UNION
SELECT
    released_group,
    measure
FROM site
WHERE person_count > 0
GROUP BY build_id, released_group, measure
HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
