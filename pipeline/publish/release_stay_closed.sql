-- What the release in force does not tell of those whom an earlier release has stays closed: other neighbours may cover a rare value
-- today, and the one that covered it before would give it away.
UPDATE release_cell
SET is_closed = TRUE
FROM release_population AS population
JOIN release_before AS before USING (released_group)
WHERE population.is_seen
    AND population.population = release_cell.population
    AND before.column_name = release_cell.column_name
    AND NOT list_contains(before.told, release_cell.value)
