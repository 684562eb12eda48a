-- What the head of every institution that is due, or counts anybody, signed last, beside what is counted there now.
WITH signed AS (
    SELECT
        institution_id,
        present_count,
        usual_count,
        act,
        decided_at
    FROM sign_off_line
    QUALIFY row_number() OVER (PARTITION BY institution_id ORDER BY line_no DESC) = 1
)

SELECT
    coverage_institution.institution_id,
    signed.present_count AS signed_present_count,
    signed.usual_count AS signed_usual_count,
    coverage_institution.present_count,
    coverage_institution.usual_count,
    signed.act,
    CAST(signed.decided_at AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS entered_at,
    signed.institution_id IS NOT NULL AS is_signed,
    COALESCE(
        signed.present_count = coverage_institution.present_count AND signed.usual_count = coverage_institution.usual_count,
        FALSE
    ) AS is_agreed
FROM coverage_institution
LEFT JOIN signed USING (institution_id)
WHERE coverage_institution.is_due
OR signed.institution_id IS NOT NULL
OR (coverage_institution.usual_count + coverage_institution.present_count > 0 AND coverage_institution.institution_id <> 'UNKNOWN')
ORDER BY coverage_institution.institution_id
