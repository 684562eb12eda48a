-- Where those of whom less is told are not safe together, less is told of one more class beside them, the smallest.
UPDATE release_class
SET level_no = getvariable('level_no') + 1
WHERE leaf IN (
    WITH sited AS (
        SELECT
            class.path[getvariable('level_no') + 1] AS parent,
            class.level_no,
            class.path[class.level_no] AS class,
            site.institution,
            site.is_s3,
            sum(site.person_count) AS person_count
        FROM release_class AS class
        JOIN release_leaf AS site USING (leaf)
        GROUP BY ALL
    ),

    judged AS (
        SELECT
            parent,
            level_no,
            class,
            sum(person_count) AS person_count,
            is_safe_class(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3)) AS is_safe
        FROM sited
        GROUP BY parent, level_no, class
    ),

    chosen AS (
        SELECT
            beside.level_no,
            beside.class
        FROM judged AS beside
        JOIN judged AS unsafe
            ON unsafe.parent = beside.parent
            AND unsafe.level_no > getvariable('level_no')
            AND NOT unsafe.is_safe
        WHERE beside.level_no <= getvariable('level_no')
        QUALIFY row_number() OVER (PARTITION BY beside.parent ORDER BY beside.person_count, beside.level_no, beside.class) = 1
    )

    SELECT class.leaf
    FROM release_class AS class
    JOIN chosen
        ON chosen.level_no = class.level_no
        AND chosen.class = class.path[class.level_no]
)
