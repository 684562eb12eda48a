-- Less is told of the classes of this level that are not safe.
UPDATE release_class
SET level_no = level_no + 1
WHERE level_no = getvariable('level_no') AND path[level_no] IN (
    SELECT class
    FROM (
        SELECT
            class.path[class.level_no] AS class,
            site.institution,
            site.is_s3,
            sum(site.person_count) AS person_count
        FROM release_class AS class
        JOIN release_leaf AS site USING (leaf)
        WHERE class.level_no = getvariable('level_no')
        GROUP BY ALL
    )
    GROUP BY class
    HAVING NOT is_safe_class(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3))
)
