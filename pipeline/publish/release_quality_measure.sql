-- Quality by group: how many persons a measure is true of, unless it is closed in one population.
WITH measure AS (
    FROM (VALUES
        ('proxy', 'is_answered_by_proxy', 'true'),
        ('no_iin', 'has_no_iin', 'true'),
        ('more_than_one_record', 'has_several_records', 'true'),
        ('filled_from_another_record', 'has_filled_fields', 'true')
    ) AS named (measure, column_name, value)
),

cell AS (
    SELECT
        population.released_group,
        measure.measure,
        sum(population.person_count)::BIGINT AS person_count,
        COALESCE(sum(release_cell.person_count), 0)::BIGINT AS true_count,
        COALESCE(bool_or(release_cell.is_closed), FALSE) AS is_suppressed
    FROM release_population AS population
    CROSS JOIN measure
    LEFT JOIN release_cell
        ON release_cell.population = population.population
        AND release_cell.column_name = measure.column_name
        AND release_cell.value = measure.value
    WHERE population.released_group <> ''
    GROUP BY population.released_group, measure.measure
),

rated AS (
    SELECT
        *,
        CASE WHEN NOT is_suppressed THEN safe_rate(true_count, person_count) END AS measure_rate
    FROM cell
)

SELECT
    released_group AS publication_group,
    measure,
    CASE WHEN NOT is_suppressed THEN true_count END AS numerator_count,
    person_count AS denominator_count,
    measure_rate,
    is_suppressed OR (measure_rate IS NULL AND person_count > 0) AS is_suppressed
FROM rated
