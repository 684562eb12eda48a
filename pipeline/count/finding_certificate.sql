-- What the numbers of the certificates say (R11): one number on several people, one handed out twice, one nobody accounts for, none known.
WITH used AS (
    SELECT *
    FROM certificate_use
    WHERE person_id IS NOT NULL
),

repeated AS (
    SELECT certificate_no
    FROM used
    GROUP BY certificate_no
    HAVING count(*) > 1
),

holder AS (
    SELECT
        certificate_no,
        person_id,
        min(received_at) AS received_at
    FROM used
    SEMI JOIN repeated USING (certificate_no)
    GROUP BY certificate_no, person_id
),

-- Shared since the second person came with it.
shared AS (
    SELECT
        certificate_no,
        count(*) AS person_count,
        min(received_at, 2)[2] AS since_at
    FROM holder
    GROUP BY certificate_no
    HAVING count(*) > 1
),

shared_at AS (
    SELECT
        'CERTIFICATE_SHARED' AS kind,
        used.institution_id,
        'institution' AS subject_kind,
        used.institution_id AS subject_id,
        max(shared.person_count) AS measured,
        count(DISTINCT used.person_id) AS person_count,
        min(greatest(used.received_at, shared.since_at)) AS since_at
    FROM used
    JOIN shared USING (certificate_no)
    GROUP BY used.institution_id
),

-- While no book is registered no record can be held against one, and nobody would ask for the books.
unregistered AS (
    SELECT
        'CERTIFICATES_NOT_REGISTERED' AS kind,
        used.institution_id,
        'institution' AS subject_kind,
        used.institution_id AS subject_id,
        date_diff('hour', min(used.received_at), build.seen_at) // 24 AS measured,
        count(DISTINCT used.person_id) AS person_count,
        min(used.received_at) AS since_at
    FROM used
    CROSS JOIN build
    WHERE NOT EXISTS (FROM certificate)
    GROUP BY used.institution_id, build.seen_at
),

ranged AS (
    SELECT
        certificate.*,
        COALESCE(staff.institution_id, 'UNKNOWN') AS institution_id,
        max(certificate.last_no) OVER (ORDER BY certificate.first_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_no
    FROM certificate
    LEFT JOIN staff USING (staff_id)
),

handed_out_twice AS (
    SELECT
        'CERTIFICATES_ISSUED_TWICE' AS kind,
        ranged.institution_id,
        'certificates' AS subject_kind,
        ranged.first_no || '-' || ranged.last_no AS subject_id,
        least(ranged.last_no, ranged.reached_no) - ranged.first_no + 1 AS measured,
        least(ranged.last_no, ranged.reached_no) - ranged.first_no + 1 AS person_count,
        batch.received_at AS since_at
    FROM ranged
    LEFT JOIN batch USING (batch_id)
    WHERE ranged.reached_no >= ranged.first_no
),

unaccounted AS (
    SELECT
        'CERTIFICATES_UNACCOUNTED' AS kind,
        COALESCE(institution_id, 'UNKNOWN') AS institution_id,
        subject_kind,
        subject_id,
        date_diff('hour', since_at, build.seen_at) // 24 AS measured,
        gap_count AS person_count,
        since_at
    FROM control_total
    CROSS JOIN build
    WHERE control_code = 'CERTIFICATES' AND gap_count > 0
)

SELECT * FROM shared_at
UNION ALL BY NAME SELECT * FROM unregistered
UNION ALL BY NAME SELECT * FROM handed_out_twice
UNION ALL BY NAME SELECT * FROM unaccounted
