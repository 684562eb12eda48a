-- Over all groups those who came are those who went: where every other group tells how many are present, how many crossed into a closed one
-- and out of it follows. So who crosses between the closed groups, taken together, and the open ones is nobody or a safe cell; until that
-- is so, the open group with the fewest of them is closed as well.
INSERT INTO release_difference
WITH closed AS (
    SELECT released_group
    FROM release_difference
    WHERE measure = 'present'
),

border AS (
    SELECT *
    FROM release_changed
    WHERE released_group IN (FROM closed) AND other_group NOT IN (FROM closed)
),

by_side AS (
    SELECT
        build_id,
        is_new,
        min_count,
        unnest([TRUE, FALSE]) AS is_usual_place,
        unnest([usual_institution_id, present_institution_id]) AS institution_id,
        unnest([is_usual_s3, is_present_s3]) AS is_s3
    FROM border
),

site AS (
    SELECT
        build_id,
        is_new,
        is_usual_place,
        institution_id,
        is_s3,
        max(min_count) AS min_count,
        count(*) AS person_count
    FROM by_side
    GROUP BY ALL
),

unsafe AS (
    SELECT DISTINCT
        build_id,
        is_new
    FROM site
    GROUP BY build_id, is_new, is_usual_place
    HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
)

SELECT
    border.other_group AS released_group,
    'present' AS measure
FROM border
JOIN unsafe USING (build_id, is_new)
GROUP BY border.other_group
ORDER BY count(*), border.other_group
LIMIT 1
