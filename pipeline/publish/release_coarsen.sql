-- One step up: less is told of the classes of this level that are too small, and of the smallest of their neighbours, until those of
-- whom less is told are enough by themselves.
UPDATE release_class
SET level_no = getvariable('level_no') + 1
WHERE leaf IN (
    WITH sited AS (
        SELECT
            class.level_no,
            class.path[class.level_no] AS class,
            class.path[getvariable('level_no') + 1] AS parent,
            site.institution_id,
            sum(site.person_count) AS person_count,
            bool_or(site.is_s3) AS has_s3
        FROM release_class AS class
        JOIN release_leaf AS site USING (leaf)
        GROUP BY ALL
    ),

    judged AS (
        SELECT
            level_no,
            class,
            parent,
            sum(person_count) AS person_count,
            NOT is_safe_class(sum(person_count), count(*), max(person_count), bool_or(has_s3)) AS is_unsafe
        FROM sited
        GROUP BY level_no, class, parent
    ),

    ranked AS (
        SELECT
            *,
            bool_or(is_unsafe) OVER (PARTITION BY parent) AS is_beside_unsafe,
            sum(person_count) OVER (
                PARTITION BY parent
                ORDER BY is_unsafe DESC, person_count, level_no, class
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS before_count
        FROM judged
    )

    SELECT class.leaf
    FROM release_class AS class
    JOIN ranked
        ON ranked.level_no = class.level_no
        AND ranked.class = class.path[class.level_no]
    WHERE ranked.is_unsafe
        OR (ranked.is_beside_unsafe AND ranked.before_count < (SELECT max(min_class_count) FROM disclosure))
)
