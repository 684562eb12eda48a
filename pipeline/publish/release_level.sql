-- Nothing is told of a population beyond its name where even that class is not safe.
WITH sited AS (
    SELECT
        class.path[len(class.path)] AS class,
        site.institution_id,
        sum(site.person_count) AS person_count,
        bool_or(site.is_s3) AS has_s3
    FROM release_class AS class
    JOIN release_leaf AS site USING (leaf)
    WHERE class.level_no = len(class.path)
    GROUP BY ALL
),

unsafe AS (
    SELECT class
    FROM sited
    GROUP BY class
    HAVING NOT is_safe_class(sum(person_count), count(*), max(person_count), bool_or(has_s3))
)

SELECT
    class.leaf,
    CASE WHEN unsafe.class IS NULL THEN class.level_no ELSE len(class.path) END AS level_no
FROM release_class AS class
LEFT JOIN unsafe ON unsafe.class = class.path[len(class.path)]
