-- What CSPro says about each case. A case edited on several devices carries a vector clock: how far each device had come.
WITH clock AS (
    SELECT
        case_id,
        string_agg(regexp_replace(device, '[^A-Za-z0-9._-]', '_', 'g') || ':' || revision, ',' ORDER BY device, revision) AS case_clock
    FROM foreign_vector_clock
    GROUP BY case_id
),

revision AS (
    SELECT
        id,
        max(TRY_CAST(timestamp AS BIGINT)) AS saved_at
    FROM foreign_file_revisions
    GROUP BY id
)

SELECT
    main.row_no,
    main.id AS case_id,
    main.last_modified_revision AS case_version,
    CASE
        WHEN COALESCE(main.deleted, '0') <> '0' THEN 'withdrawn'
        WHEN COALESCE(main.partial_save_mode, '0') <> '0' THEN 'partial'
        ELSE 'submitted'
    END AS case_status,
    clock.case_clock,
    CAST(NULL AS TIMESTAMPTZ) AS started_at,
    to_timestamp(revision.saved_at) AS completed_at,
    CAST(NULL AS TIMESTAMPTZ) AS synced_at,
    CASE WHEN main.id IS NULL THEN 'NO_KEY' END AS fault
FROM foreign_main AS main
LEFT JOIN clock ON main.id = clock.case_id
LEFT JOIN revision ON main.last_modified_revision = revision.id
