-- Who crosses from group to group (release_crossing.sql): all of them (no build is compared), and those who do or no longer do since an
-- earlier release.
WITH told AS (
    SELECT DISTINCT
        release_told.build_id,
        release_group.released_group
    FROM release_told
    JOIN release_group USING (publication_group)
),

compared AS (
    FROM told
    UNION ALL
    SELECT DISTINCT
        'NONE' AS build_id,
        released_group
    FROM release_group
)

SELECT
    compared.build_id,
    TRUE AS is_new,
    now.* EXCLUDE (build_id)
FROM compared
JOIN release_crossing AS now
    ON now.released_group = compared.released_group
    AND now.build_id = ''
ANTI JOIN release_crossing AS before
    ON before.build_id = compared.build_id
    AND before.released_group = now.released_group
    AND before.founder_case_id = now.founder_case_id
    AND before.has_come = now.has_come
UNION ALL
SELECT
    told.build_id,
    FALSE AS is_new,
    before.* EXCLUDE (build_id)
FROM told
JOIN release_crossing AS before USING (build_id, released_group)
ANTI JOIN release_crossing AS now
    ON now.build_id = ''
    AND now.released_group = before.released_group
    AND now.founder_case_id = before.founder_case_id
    AND now.has_come = before.has_come
