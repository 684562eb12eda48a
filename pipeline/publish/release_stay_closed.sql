-- What one of the releases somebody is in does not tell of the group stays closed: other neighbours may cover a rare value today, and the
-- one that covered it before would give it away.
UPDATE release_cell
SET is_closed = TRUE
FROM release_population AS population
JOIN release_told_in USING (told_in)
JOIN release_before AS before USING (build_id, released_group)
WHERE population.population = release_cell.population
    AND before.column_name = release_cell.column_name
    AND NOT list_contains(before.told, release_cell.value)
