-- Cases of which the Census Database no longer has the newest version it gave; a row changed in place has landed again and is there.
-- Where that version speaks of nobody (withdrawn, training) nobody is lost; a draft is newer than nothing that was sent.
WITH given AS (
    SELECT
        record.case_id,
        record.case_version,
        min_by(record.record_id, record.received_at ORDER BY record.received_at, record.record_id) AS record_id,
        bool_and(census_db_sweep.bytes_sha256 IS NOT NULL) AS is_gone,
        bool_and(record.case_status IS NOT DISTINCT FROM 'draft') AS is_draft,
        bool_and(COALESCE(record.case_status IN ('withdrawn', 'draft'), FALSE) OR record.is_training IS TRUE) AS is_nobody,
        max(census_db_sweep.gone_at) AS gone_at
    FROM record
    LEFT JOIN census_db_sweep USING (bytes_sha256)
    WHERE record.route = 'census_db' AND record.case_id IS NOT NULL AND record.case_version IS NOT NULL
    GROUP BY record.case_id, record.case_version
)

SELECT
    case_id,
    record_id,
    gone_at
FROM given
QUALIFY is_gone AND NOT is_nobody AND row_number() OVER (PARTITION BY case_id ORDER BY is_draft, case_version DESC) = 1
