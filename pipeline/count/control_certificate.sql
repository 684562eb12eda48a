-- Certificates: issued = used + spoiled + returned + open; what is open when the windows have closed is a gap (R11).
WITH certificate_used AS (
    SELECT DISTINCT certificate_no
    FROM certificate_use
),

-- What was brought back twice counts once.
brought_back AS (
    SELECT
        greatest(first_no, COALESCE(max(last_no) OVER before_this + 1, first_no)) AS first_no,
        last_no,
        reason_code
    FROM certificate_return
    WINDOW before_this AS (ORDER BY first_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),

certificate_back AS (
    SELECT
        certificate.first_no,
        sum(least(certificate.last_no, brought_back.last_no) - greatest(certificate.first_no, brought_back.first_no) + 1)
            FILTER (WHERE brought_back.reason_code = 'SPOILED') AS spoiled_count,
        sum(least(certificate.last_no, brought_back.last_no) - greatest(certificate.first_no, brought_back.first_no) + 1)
            FILTER (WHERE brought_back.reason_code = 'RETURNED') AS returned_count
    FROM certificate
    JOIN brought_back ON certificate.first_no <= brought_back.last_no AND certificate.last_no >= brought_back.first_no
    WHERE brought_back.first_no <= brought_back.last_no
    GROUP BY certificate.first_no
),

certificate_spent AS (
    SELECT
        certificate.first_no,
        count(*) AS used_count
    FROM certificate
    JOIN certificate_used ON certificate_used.certificate_no BETWEEN certificate.first_no AND certificate.last_no
    ANTI JOIN brought_back ON certificate_used.certificate_no BETWEEN brought_back.first_no AND brought_back.last_no
    GROUP BY certificate.first_no
),

closing AS (
    SELECT max(ends_at) AS closed_at
    FROM round_window
),

certificate_account AS (
    SELECT
        certificate.first_no,
        certificate.last_no,
        staff.institution_id,
        certificate.last_no - certificate.first_no + 1 AS issued_count,
        COALESCE(certificate_spent.used_count, 0) AS used_count,
        COALESCE(certificate_back.spoiled_count, 0) AS spoiled_count,
        COALESCE(certificate_back.returned_count, 0) AS returned_count
    FROM certificate
    LEFT JOIN staff USING (staff_id)
    LEFT JOIN certificate_spent USING (first_no)
    LEFT JOIN certificate_back USING (first_no)
),

certificate_open AS (
    SELECT
        *,
        issued_count - used_count - spoiled_count - returned_count AS open_count
    FROM certificate_account
)

SELECT
    'CERTIFICATES' AS control_code,
    'certificates' AS subject_kind,
    certificate_open.first_no || '-' || certificate_open.last_no AS subject_id,
    certificate_open.institution_id,
    certificate_open.issued_count AS declared_count,
    certificate_open.issued_count - CASE WHEN build.as_of < closing.closed_at THEN 0 ELSE certificate_open.open_count END
        AS received_count,
    closing.closed_at AS since_at,
    printf(
        'used %d, spoiled %d, returned %d, open %d', certificate_open.used_count, certificate_open.spoiled_count,
        certificate_open.returned_count, certificate_open.open_count
    ) AS detail
FROM certificate_open
CROSS JOIN closing
CROSS JOIN build
