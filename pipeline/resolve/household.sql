-- Staff who live in and their families: private households, outside the institution's totals.
SELECT
    scoped.record_id,
    institution.institution_id,
    scoped.position_in_institution AS reason
FROM scoped
LEFT JOIN institution USING (institution_id)
WHERE scoped.scope_reason = 'PRIVATE_HOUSEHOLD'
