-- What the sender says it had, beside what came: the ledger cannot see what never arrived (method 2, R18, R19).
-- An id is shown only if the register knows it: what a sender wrote there may be a name.
WITH control AS (
    SELECT * FROM control_tablet
    UNION ALL BY NAME SELECT * FROM control_bundle
    UNION ALL BY NAME SELECT * FROM control_route
    UNION ALL BY NAME SELECT * FROM control_certificate
)

SELECT
    left(sha256(concat_ws('|', control_code, COALESCE(subject_key, subject_id), counted_on::VARCHAR)), 16) AS control_id,
    control_code,
    subject_kind,
    CASE subject_kind
        WHEN 'tablet' THEN COALESCE(device.device_id, 'UNKNOWN')
        WHEN 'medium' THEN COALESCE(medium.medium_id, 'UNKNOWN')
        ELSE subject_id
    END AS subject_id,
    institution.institution_id,
    counted_on,
    declared_count,
    received_count,
    declared_count - received_count AS gap_count,
    since_at,
    CASE WHEN subject_kind <> 'tablet' OR declared_count > received_count THEN detail END AS detail
FROM control
LEFT JOIN device ON control.subject_id = device.device_id
LEFT JOIN medium ON control.subject_id = medium.medium_id
LEFT JOIN institution ON control.institution_id = institution.institution_id
