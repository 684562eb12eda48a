-- Groups that differ by too few from an earlier release: some came since and are not safe by themselves, or some went and are not. Who
-- went is looked for under the name that release had: of a group that has been merged since, what went of each part. Who only went from
-- one group to another hides nobody in it who is new, or gone: over all groups together the same is asked.
WITH came AS (
    SELECT released_group
    FROM release_population
    WHERE NOT is_safe
),

is_new AS (
    SELECT
        told.build_id,
        release_row.released_group,
        release_row.institution,
        release_row.is_s3,
        max(release_row.min_count) AS min_count,
        count(*) AS person_count
    FROM release_row
    JOIN release_place USING (person_id)
    CROSS JOIN (SELECT DISTINCT build_id FROM release_told) AS told
    ANTI JOIN release_earlier AS earlier
        ON earlier.build_id = told.build_id AND earlier.founder_case_id = release_place.founder_case_id
    GROUP BY ALL
),

gone AS (
    SELECT
        earlier.build_id,
        earlier.released_group,
        earlier.told_as,
        earlier.institution_id,
        earlier.is_s3,
        anywhere.person_id IS NULL AS is_gone,
        max(earlier.min_count) AS min_count,
        count(*) AS person_count
    FROM release_earlier AS earlier
    LEFT JOIN release_place AS anywhere ON anywhere.founder_case_id = earlier.founder_case_id
    WHERE COALESCE(anywhere.publication_group, '') <> earlier.publication_group OR anywhere.person_id IS NULL
    GROUP BY ALL
),

went AS (
    SELECT released_group
    FROM (
        SELECT
            build_id,
            told_as,
            released_group,
            institution_id,
            is_s3,
            max(min_count) AS min_count,
            sum(person_count) AS person_count
        FROM gone
        GROUP BY ALL
    )
    GROUP BY build_id, told_as, released_group
    HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
),

-- Who is in no group of an earlier release, and who was in one and is in none: by house, whatever the group.
altogether AS (
    SELECT
        build_id,
        TRUE AS is_new,
        released_group,
        institution,
        is_s3,
        min_count,
        person_count
    FROM is_new
    UNION ALL
    SELECT
        build_id,
        FALSE AS is_new,
        released_group,
        hash(institution_id) AS institution,
        is_s3,
        min_count,
        person_count
    FROM gone
    WHERE is_gone
),

unsafe AS (
    SELECT
        build_id,
        is_new
    FROM (
        SELECT
            build_id,
            is_new,
            institution,
            is_s3,
            max(min_count) AS min_count,
            sum(person_count) AS person_count
        FROM altogether
        GROUP BY ALL
    )
    GROUP BY build_id, is_new
    HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
),

alone AS (
    SELECT released_group
    FROM altogether
    JOIN unsafe USING (build_id, is_new)
)

SELECT released_group
FROM release_earlier
WHERE released_group IN (FROM came UNION ALL FROM went UNION ALL FROM alone)
GROUP BY released_group
ORDER BY released_group
