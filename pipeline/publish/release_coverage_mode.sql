-- Persons by group and mode; a count that is closed in one population is closed.
SELECT
    release_population.released_group AS publication_group,
    release_cell.value AS mode,
    CASE WHEN NOT bool_or(release_cell.is_closed) THEN sum(release_cell.person_count)::BIGINT END AS counted_count,
    bool_or(release_cell.is_closed) AS is_suppressed
FROM release_cell
JOIN release_population USING (population)
WHERE release_cell.column_name = 'mode' AND release_population.released_group <> ''
GROUP BY release_population.released_group, release_cell.value
