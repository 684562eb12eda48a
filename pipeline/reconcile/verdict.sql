-- The figures of the verdict: what came, what is known to be missing, how firm the expectation is.
WITH gap AS (
    -- one case may be missed by several controls; the widest view per control is the honest minimum
    SELECT
        COALESCE(max(missing_count), 0) AS missing_count,
        COALESCE(max(subject_count), 0) AS subject_count
    FROM (
        SELECT
            control_code,
            sum(gap_count) AS missing_count,
            count(DISTINCT subject_id) AS subject_count
        FROM control_total
        WHERE gap_count > 0 AND control_code <> 'CERTIFICATES'
        GROUP BY control_code
    )
),

site AS (
    SELECT
        count(*) FILTER (WHERE is_active) AS site_count,
        count(*) FILTER (WHERE is_active AND grade = 'FIRM') AS firm_count
    FROM coverage_institution
),

total AS (
    SELECT
        COALESCE(sum(received_count), 0) AS received_count,
        COALESCE(sum(unreadable_count), 0) AS unreadable_count,
        COALESCE(sum(repeated_count), 0) AS repeated_count,
        COALESCE(sum(quarantined_count), 0) AS quarantined_count,
        COALESCE(sum(superseded_count), 0) AS superseded_count,
        COALESCE(sum(out_of_scope_count), 0) AS out_of_scope_count,
        COALESCE(sum(duplicate_count), 0) AS duplicate_count,
        COALESCE(sum(counted_count), 0) AS counted_count,
        count(DISTINCT batch_id) AS batch_count
    FROM ledger
)

SELECT
    total.*,
    gap.missing_count AS control_gap_count,
    gap.subject_count AS control_gap_subject_count,
    site.site_count,
    site.firm_count,
    site.firm_count / NULLIF(site.site_count, 0) AS firm_rate,
    (
        SELECT count(*)
        FROM person
    ) AS person_count
FROM total
CROSS JOIN gap
CROSS JOIN site
