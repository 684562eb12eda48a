-- Closes one more value of every column whose closed values, taken together, would say something of few: they are known as what is
-- missing from the total. The smallest goes first. Who never answered is empty as well; alone they are left as they are only while they
-- are few: an empty field of many is that of a house. Who was not asked is no cover, for everybody knows it of him; but of those whose age
-- is not told it is known by the empty field alone, so all who have one are judged as people who look alike. A district that is not shown
-- is known to be another one, so those without any count as closed.
UPDATE release_cell
SET is_closed = TRUE
FROM (
    WITH closed AS (
        SELECT
            cell.population,
            cell.column_name,
            site.institution,
            site.is_s3,
            sum(site.person_count) AS empty_count,
            sum(site.person_count) FILTER (WHERE site.is_asked) AS person_count,
            max(site.min_count) AS min_count,
            bool_or(cell.value IS NOT NULL OR cell.column_name = 'district_kato') AS is_withheld
        FROM release_cell AS cell
        JOIN release_cell_site AS site
            ON site.population = cell.population
            AND site.column_name = cell.column_name
            AND site.value IS NOT DISTINCT FROM cell.value
        WHERE cell.is_closed
        GROUP BY cell.population, cell.column_name, site.institution, site.is_s3
    ),

    unsafe AS (
        SELECT
            population,
            column_name
        FROM closed
        GROUP BY population, column_name
        HAVING (
            (bool_or(is_withheld) OR sum(person_count) >= max(min_count))
            AND NOT is_safe_cell(
                sum(person_count), count(person_count), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count)
            )
        )
        OR (
            sum(empty_count) >= max(min_count)
            AND NOT is_safe_class(sum(empty_count), count(*), max(empty_count), sum(empty_count) FILTER (WHERE is_s3))
        )
    )

    SELECT
        cell.population,
        cell.column_name,
        cell.value
    FROM release_cell AS cell
    JOIN unsafe USING (population, column_name)
    WHERE NOT cell.is_closed
    QUALIFY row_number() OVER (
        PARTITION BY cell.population, cell.column_name
        ORDER BY cell.person_count, cell.value
    ) = 1
) AS next
WHERE next.population = release_cell.population
    AND next.column_name = release_cell.column_name
    AND next.value = release_cell.value
