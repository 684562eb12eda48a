-- Staff who live in and their families: private households, outside the institution's totals. Everybody once, and nobody who is counted.
SELECT
    scoped.record_id,
    institution.institution_id,
    scoped.position_in_institution AS reason
FROM scoped
LEFT JOIN contender USING (no)
LEFT JOIN institution ON scoped.institution_id = institution.institution_id
ANTI JOIN counted ON scoped.cluster_no = counted.cluster_no
WHERE scoped.scope_reason = 'PRIVATE_HOUSEHOLD'
QUALIFY row_number() OVER (PARTITION BY scoped.cluster_no ORDER BY contender.place, scoped.no) = 1
