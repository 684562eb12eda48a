-- Cases that touch an S3 institution by any of their records, or belong to one by the papers.
SELECT asked_record.case_id
FROM asked_record
SEMI JOIN guarded('asked_record') AS touched ON asked_record.record_id = touched.record_id
UNION
SELECT current_record.case_id
FROM current_record
SEMI JOIN asked_record ON current_record.case_id = asked_record.case_id
JOIN linkable USING (no)
JOIN institution ON linkable.institution_id = institution.institution_id
LEFT JOIN ref_category ON institution.category_code = ref_category.category_code
WHERE site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) = 'S3'
