-- Quality by group: how many persons a measure is true of; shown when nil or safe.
WITH filled AS (
    SELECT DISTINCT person_id
    FROM person_field
),

site AS (
    SELECT
        release_group.released_group,
        release_group.min_count,
        release_place.institution_id,
        count(*) AS person_count,
        count(*) FILTER (WHERE release_place.is_proxy) AS proxy,
        count(*) FILTER (WHERE NOT release_place.has_iin) AS no_iin,
        count(*) FILTER (WHERE release_place.basis = 'place_unresolved') AS place_unresolved,
        count(*) FILTER (WHERE release_place.record_count > 1) AS more_than_one_record,
        count(*) FILTER (WHERE filled.person_id IS NOT NULL) AS filled_from_another_record
    FROM release_place
    JOIN release_group USING (publication_group)
    LEFT JOIN filled USING (person_id)
    GROUP BY ALL
),

measured AS (
    UNPIVOT site
    ON proxy, no_iin, place_unresolved, more_than_one_record, filled_from_another_record
    INTO NAME measure VALUE true_count
),

cell AS (
    SELECT
        released_group,
        measure,
        sum(true_count)::BIGINT AS true_count,
        sum(person_count)::BIGINT AS person_count,
        sum(true_count) > 0 AND NOT is_safe_cell(
            sum(true_count), count(*) FILTER (WHERE true_count > 0), max(true_count), max(min_count)
        ) AS is_suppressed
    FROM measured
    GROUP BY released_group, measure
)

SELECT
    released_group AS publication_group,
    measure,
    CASE WHEN NOT is_suppressed THEN true_count END AS numerator_count,
    person_count AS denominator_count,
    CASE WHEN NOT is_suppressed THEN safe_rate(true_count, person_count) END AS measure_rate,
    is_suppressed
FROM cell
