-- Staff who live in and their families: private households, outside the institution's totals.
SELECT
    record_id,
    institution_id,
    position_in_institution AS reason
FROM scoped
WHERE scope_reason = 'PRIVATE_HOUSEHOLD'
