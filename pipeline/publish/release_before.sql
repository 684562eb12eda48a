-- Which values of each column an earlier release tells of the groups of today: once for each name a group had in it. How somebody
-- answered is told by the table of modes as well.
WITH listed AS (
    SELECT
        COALESCE(publication_group, '') AS told_as,
        COALESCE(map_keys(histogram(CAST(COLUMNS(* EXCLUDE (person, publication_group)) AS VARCHAR))), [])
    FROM earlier_told
    GROUP BY told_as
),

by_column AS (
    UNPIVOT listed
    ON COLUMNS(* EXCLUDE (told_as))
    INTO NAME column_name VALUE told
),

mode AS (
    SELECT
        publication_group AS told_as,
        'mode' AS column_name,
        list(mode ORDER BY mode) AS told
    FROM earlier_mode
    WHERE NOT is_suppressed
    GROUP BY publication_group
)

SELECT
    getvariable('build_id') AS build_id,
    release_name.released_group,
    by_column.column_name,
    list_concat(by_column.told, mode.told) AS told
FROM by_column
JOIN release_name USING (told_as)
LEFT JOIN mode USING (told_as, column_name)
