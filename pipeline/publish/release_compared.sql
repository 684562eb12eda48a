-- Who is among those a rate compares and was not in an earlier build, or was and is no longer, by the house they are or were in: a rate
-- speaks of the sites that have an expected count alone.
WITH now AS (
    FROM compared('person', 'release_site', 'expected')
),

before AS (
    FROM compared('earlier_person', 'release_earlier_site', 'earlier_expected')
),

changed AS (
    SELECT
        TRUE AS is_new,
        now.*
    FROM now
    ANTI JOIN before USING (founder_case_id, measure, released_group)
    UNION ALL
    SELECT
        FALSE AS is_new,
        before.*
    FROM before
    ANTI JOIN now USING (founder_case_id, measure, released_group)
)

SELECT
    getvariable('build_id') AS build_id,
    is_new,
    released_group,
    measure,
    institution_id,
    is_s3,
    max(min_count) AS min_count,
    count(*) AS person_count
FROM changed
WHERE released_group IN (
    SELECT release_group.released_group
    FROM release_told
    JOIN release_group USING (publication_group)
    WHERE release_told.build_id = getvariable('build_id')
)
GROUP BY ALL
