-- Which of the records named in a relation touch an S3 institution, whoever says so: sender, form, staff, tablet or the paper itself.
-- Two persons decide on them.
CREATE OR REPLACE MACRO guarded(records) AS TABLE
WITH touched AS (
    SELECT
        record.record_id,
        unnest([batch.institution_id, record.institution_id, staff.institution_id, device.institution_id]) AS institution_id
    FROM record
    SEMI JOIN query_table(records) USING (record_id)
    LEFT JOIN batch ON record.batch_id = batch.batch_id
    LEFT JOIN staff ON record.staff_id = staff.staff_id
    LEFT JOIN device ON record.device_id = device.device_id
    UNION ALL
    SELECT
        record.record_id,
        device_before.institution_id
    FROM record
    SEMI JOIN query_table(records) USING (record_id)
    JOIN device_before ON record.device_id = device_before.device_id
    UNION ALL
    SELECT
        intake_record.record_id,
        intake_record.institution_id
    FROM intake_record
    SEMI JOIN query_table(records) USING (record_id)
)

SELECT DISTINCT touched.record_id
FROM touched
JOIN institution ON touched.institution_id = institution.institution_id
LEFT JOIN ref_category ON institution.category_code = ref_category.category_code
WHERE site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) = 'S3';
