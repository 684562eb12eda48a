-- Figures of a group that would say something of few, by themselves or beside an earlier release. Who is present in another group than the
-- own is in the count of the present of the one and in the rows of the other: whoever crosses is judged by both places, all of them and
-- those who do or do not since an earlier release. So is who is among those a rate compares since an earlier release, or no longer is.
WITH by_side AS (
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
FROM release_compared
GROUP BY build_id, is_new, released_group, measure
HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
