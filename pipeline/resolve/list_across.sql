-- How many people of an institution's list stand on the list of another as well: one number, or one name and birth date to the day.
-- That somebody is also where nobody may look is told there alone, and to nobody else (S3).
WITH entry AS (
    SELECT
        document_key.no,
        document_key.institution_id,
        document_key.iin,
        document_key.names,
        document_key.patronymic_code,
        CASE WHEN document_key.is_birth_exact AND NOT document_key.is_placeholder THEN document_key.birth_on END AS birth_on,
        COALESCE(site_tier(institution.institution_id, ref_category.tier, institution.ward_tier) = 'S3', FALSE) AS is_s3
    FROM document_key
    LEFT JOIN institution USING (institution_id)
    LEFT JOIN ref_category USING (category_code)
    WHERE document_key.is_entry AND document_key.note_code IS NULL
),

-- Few are on two lists; only they are paired.
by_number AS (
    FROM entry SEMI JOIN (
        SELECT iin FROM entry WHERE iin IS NOT NULL GROUP BY iin HAVING count(DISTINCT institution_id) > 1
    ) USING (iin)
),

by_name AS (
    FROM entry SEMI JOIN (
        SELECT names, birth_on FROM entry WHERE names IS NOT NULL AND birth_on IS NOT NULL
        GROUP BY names, birth_on HAVING count(DISTINCT institution_id) > 1
    ) USING (names, birth_on)
),

alike AS (
    SELECT a.no, a.institution_id, a.is_s3, b.is_s3 AS is_other_s3
    FROM by_number AS a
    JOIN by_number AS b USING (iin)
    WHERE a.institution_id <> b.institution_id
    UNION
    SELECT a.no, a.institution_id, a.is_s3, b.is_s3 AS is_other_s3
    FROM by_name AS a
    JOIN by_name AS b USING (names, birth_on)
    WHERE a.institution_id <> b.institution_id
    AND COALESCE(a.iin = b.iin, TRUE) AND COALESCE(a.patronymic_code = b.patronymic_code, TRUE)
)

SELECT
    institution_id,
    count(DISTINCT no) AS entry_count
FROM alike
WHERE is_s3 OR NOT is_other_s3
GROUP BY institution_id
