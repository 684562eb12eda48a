-- How each version of an institution's list differs from the one before: persons by IIN, else by name and birth date as written.
WITH version AS (
    SELECT DISTINCT
        institution_id,
        version_no,
        list_id
    FROM list_state
    WHERE is_known AND is_told
),

entry AS (
    SELECT
        version.institution_id,
        version.version_no,
        office_state.record_id,
        office_state.cells,
        COALESCE(
            json_extract_string(office_state.cells, 'iin'),
            lower(json_extract_string(office_state.cells, 'full_name_raw'))
            || '|' || COALESCE(json_extract_string(office_state.cells, 'birth_on'), '')
        ) AS person_key
    FROM office_state
    JOIN version USING (list_id)
    WHERE office_state.route = 'list' AND office_state.state IN ('in_force', 'replaced')
),

-- who stands on a list twice is compared time by time
numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY institution_id, version_no, person_key ORDER BY record_id) AS time_no
    FROM entry
    WHERE person_key IS NOT NULL
),

compared AS (
    SELECT
        COALESCE(now.institution_id, before.institution_id) AS institution_id,
        COALESCE(now.version_no, before.version_no + 1) AS version_no,
        now.record_id IS NOT NULL AS is_now,
        before.record_id IS NOT NULL AS was_before,
        -- a row moved up or down says the same
        CASE
            WHEN now.cells <> before.cells
                THEN json_merge_patch(now.cells, '{"entry_no": null}') <> json_merge_patch(before.cells, '{"entry_no": null}')
            ELSE FALSE
        END AS is_other
    FROM numbered AS now
    FULL JOIN numbered AS before
        ON now.institution_id = before.institution_id
        AND now.version_no = before.version_no + 1
        AND now.person_key = before.person_key
        AND now.time_no = before.time_no
)

SELECT
    version.institution_id,
    version.version_no,
    version.list_id,
    count(*) FILTER (WHERE is_now AND NOT was_before) AS added_count,
    count(*) FILTER (WHERE was_before AND NOT is_now) AS removed_count,
    count(*) FILTER (WHERE is_now AND was_before AND is_other) AS changed_count,
    count(*) FILTER (WHERE is_now AND was_before AND NOT is_other) AS same_count
FROM version
LEFT JOIN compared USING (institution_id, version_no)
GROUP BY version.institution_id, version.version_no, version.list_id
