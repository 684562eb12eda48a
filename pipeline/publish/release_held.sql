-- Groups that differ by too few from an earlier release: some came since and are not safe by themselves, or some went and are not. Who
-- went is looked for under the name that release had: of a group that has been merged since, what went of each part. Whose house
-- is of another district since, or of none, went and came: from one release to the next they would change it together.
WITH came AS (
    SELECT released_group
    FROM release_population
    WHERE NOT is_safe
),

gone AS (
    SELECT
        earlier.build_id,
        earlier.released_group,
        earlier.told_as,
        earlier.institution_id,
        earlier.is_s3,
        max(earlier.min_count) AS min_count,
        count(*) AS person_count
    FROM release_earlier AS earlier
    LEFT JOIN release_place
        ON release_place.founder_case_id = earlier.founder_case_id
        AND COALESCE(release_place.publication_group, '') = earlier.publication_group
        AND COALESCE(release_place.district_kato, '') = earlier.district_kato
    WHERE release_place.person_id IS NULL
    GROUP BY ALL
),

went AS (
    SELECT released_group
    FROM gone
    GROUP BY build_id, told_as, released_group
    HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
)

SELECT released_group
FROM release_earlier
WHERE released_group IN (FROM came UNION ALL FROM went)
GROUP BY released_group
ORDER BY released_group
