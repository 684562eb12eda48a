-- Verification files of which no figure is made: none came, of other days, rows missing or held. Counts do not depend on them.
WITH site AS (
    SELECT
        verification_use.*,
        COALESCE(institution.institution_id, 'UNKNOWN') AS site_id
    FROM verification_use
    LEFT JOIN institution USING (institution_id)
),

missing AS (
    SELECT
        'VERIFICATION_MISSING' AS kind,
        'UNKNOWN' AS institution_id,
        'route' AS subject_kind,
        'verification' AS subject_id,
        strftime(timezone(round.zone, timezone('UTC', build.seen_at)), '%Y%m%d')::DECIMAL(18, 4) AS measured
    FROM site
    CROSS JOIN build
    CROSS JOIN round
    WHERE site.source_kind = 'CONTROL_WALK'
    GROUP BY ALL
    HAVING bool_and(site.status IN ('MISSING', 'WITHDRAWN'))  -- one that was taken back is none
),

stale AS (
    SELECT
        'VERIFICATION_STALE' AS kind,
        site_id AS institution_id,
        'source' AS subject_kind,
        source_id AS subject_id,
        days_off_count AS measured,
        received_at AS since_at
    FROM site
    WHERE status = 'STALE'
),

incomplete AS (
    SELECT
        'VERIFICATION_INCOMPLETE' AS kind,
        site_id AS institution_id,
        'source' AS subject_kind,
        source_id AS subject_id,
        abs(declared_count - row_count) AS measured,
        received_at AS since_at
    FROM site
    WHERE status = 'INCOMPLETE'
),

-- rows of a source in force that are held make it incomplete; here is what belongs to none, until somebody discards it. What cannot be
-- read stays so for ever, and is told until a delivery that can be used has followed, or none will and somebody discards it too.
held AS (
    SELECT
        'VERIFICATION_HELD' AS kind,
        'UNKNOWN' AS institution_id,
        'batch' AS subject_kind,
        batch_id AS subject_id,
        count(*) AS measured,
        min(received_at) AS since_at
    FROM intake_record
    ANTI JOIN intake_discarded USING (record_id)
    WHERE route = 'verification' AND state IN ('quarantined', 'unreadable')
    AND (kind NOT IN ('person', 'answer') OR reason IN ('NO_SOURCES', 'UNKNOWN_SOURCE', 'NO_KEY'))
    AND (state = 'quarantined' OR received_at >= COALESCE((SELECT max(received_at) FROM site), received_at))
    GROUP BY batch_id
)

SELECT * FROM missing
UNION ALL BY NAME
SELECT * FROM stale
UNION ALL BY NAME
SELECT * FROM incomplete
UNION ALL BY NAME
SELECT * FROM held
