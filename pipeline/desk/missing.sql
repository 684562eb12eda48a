-- The cases the Census Database does not have, the oldest first; the id of a case as its sender made it, unless it may be somebody's number
-- or lead to an institution of tier S3.
SELECT
    census_db_search.route,
    CASE
        WHEN regexp_full_match(census_db_search.case_id, '[A-Za-z0-9._-]{1,64}')
        AND NOT regexp_matches(census_db_search.case_id, '[0-9]{12}')
        AND shown_institution(record.institution_id) IS DISTINCT FROM 'S3'
            THEN census_db_search.case_id
    END AS case_id,
    shown_institution(record.institution_id) AS institution_id,
    census_db_search.received_at,
    date_diff('hour', census_db_search.received_at, build.as_of) AS age_hours,
    census_db_search.record_id
FROM census_db_search
JOIN record USING (record_id)
CROSS JOIN build
WHERE NOT census_db_search.is_found
ORDER BY census_db_search.received_at, census_db_search.record_id
