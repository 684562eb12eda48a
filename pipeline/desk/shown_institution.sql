-- An institution as it may be shown: one of tier S3 is not named, text that is no institution of the register neither.
CREATE OR REPLACE TEMP MACRO shown_institution(id) AS (
    SELECT max(CASE WHEN ref_category.tier = 'S3' THEN 'S3' ELSE institution.institution_id END)
    FROM institution
    LEFT JOIN ref_category USING (category_code)
    WHERE institution.institution_id = id
)
