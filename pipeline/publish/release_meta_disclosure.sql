-- What is not told, by group and column. How many of the empty fields were withheld is not said: it would give closed counts away.
WITH told AS (
    SELECT
        * EXCLUDE (person) REPLACE (
            COALESCE(publication_group, 'NONE') AS publication_group,
            NULLIF(district_kato, (SELECT region_kato FROM round)) AS district_kato
        )
    FROM release_census_person
),

filled AS (
    SELECT
        publication_group,
        count(*) AS person_count,
        count(COLUMNS(* EXCLUDE (publication_group)))
    FROM told
    GROUP BY publication_group
),

by_column AS (
    UNPIVOT filled
    ON COLUMNS(* EXCLUDE (publication_group, person_count))
    INTO NAME column_name VALUE filled_count
),

closed AS (
    SELECT
        COALESCE(NULLIF(release_population.released_group, ''), 'NONE') AS publication_group,
        release_cell.column_name,
        TRUE AS has_closed_values
    FROM release_cell
    JOIN release_population USING (population)
    WHERE release_cell.is_closed AND release_cell.value IS NOT NULL
    GROUP BY ALL
)

SELECT
    by_column.publication_group,
    by_column.column_name,
    by_column.person_count,
    by_column.person_count - by_column.filled_count AS empty_count,
    (by_column.person_count - by_column.filled_count) / NULLIF(by_column.person_count, 0) AS empty_rate,
    CASE WHEN held.held_as_in IS NULL THEN COALESCE(closed.has_closed_values, FALSE) END AS has_closed_values,
    held.held_as_in
FROM by_column
LEFT JOIN closed USING (publication_group, column_name)
LEFT JOIN release_held_group AS held USING (publication_group)
UNION ALL
SELECT
    held.publication_group,
    by_column.column_name,
    0 AS person_count,
    0 AS empty_count,
    NULL AS empty_rate,
    NULL AS has_closed_values,
    NULL AS held_as_in
FROM release_held_group AS held
CROSS JOIN (SELECT DISTINCT column_name FROM by_column) AS by_column
WHERE held.held_as_in IS NULL
