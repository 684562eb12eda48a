-- An institution as it may be shown: one of tier S3 is not named, nor one of unknown category, nor text that is none of the register.
CREATE OR REPLACE TEMP MACRO shown_institution(id) AS (
    SELECT max(
        CASE
            WHEN site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) = 'S3' THEN 'S3'
            ELSE institution.institution_id
        END
    )
    FROM institution
    LEFT JOIN ref_category USING (category_code)
    WHERE institution.institution_id = id
)
