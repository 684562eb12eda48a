-- What ODK Central says about each submission. A submission that was rejected or deleted there is withdrawn.
SELECT
    main.row_no,
    regexp_replace(main."KEY", '^uuid:', '') AS case_id,
    COALESCE(main."Edits", '0') AS case_version,
    CASE WHEN main."DeletedAt" IS NOT NULL OR main."ReviewState" = 'rejected' THEN 'withdrawn' ELSE 'submitted' END AS case_status,
    NULL AS case_clock,
    CAST(NULL AS TIMESTAMPTZ) AS started_at,
    CAST(NULL AS TIMESTAMPTZ) AS completed_at,
    TRY_CAST(main."SubmissionDate" AS TIMESTAMPTZ) AS synced_at,
    CASE
        WHEN main."KEY" IS NULL THEN 'NO_KEY'
        WHEN regexp_matches(main."Status", '(?i)not.?decrypted|missing encrypted form data') THEN 'NOT_DECRYPTED'
    END AS fault
FROM foreign_main AS main
