-- The cases the Census Database does not have, or has no more, the oldest first; the id of a case as its sender made it, unless it may be
-- somebody's number or lead to an institution of tier S3.
WITH missed AS (
    SELECT
        route,
        case_id,
        record_id,
        received_at,
        received_at AS missed_at
    FROM census_db_search
    WHERE NOT is_found
    UNION ALL
    SELECT
        'census_db' AS route,
        census_db_gone.case_id,
        census_db_gone.record_id,
        record.received_at,
        census_db_gone.gone_at AS missed_at
    FROM census_db_gone
    JOIN record USING (record_id)
)

SELECT
    missed.route,
    CASE
        WHEN regexp_full_match(missed.case_id, '[A-Za-z0-9._-]{1,64}')
        AND NOT regexp_matches(missed.case_id, '[0-9]{12}')
        AND shown_institution(record.institution_id) IS DISTINCT FROM 'S3'
            THEN missed.case_id
    END AS case_id,
    shown_institution(record.institution_id) AS institution_id,
    missed.received_at,
    date_diff('hour', missed.missed_at, build.as_of) AS age_hours,
    missed.record_id
FROM missed
JOIN record USING (record_id)
CROSS JOIN build
ORDER BY missed.missed_at, missed.record_id, missed.route
