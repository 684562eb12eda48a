-- What may be made of each verification source in force; a kind of which none came has a line of its own.
WITH looked_at AS (
    SELECT
        verification_span.source_kind,
        COALESCE(verification_source.source_id, 'NONE') AS source_id,
        verification_source.institution_id,
        verification_source.taken_on,
        verification_source.declared_count,
        verification_source.row_count,
        verification_source.batch_id,
        batch.received_at,
        greatest(verification_span.from_on - verification_source.taken_on, verification_source.taken_on - verification_span.until_on, 0)
            AS days_off_count,
        CASE
            WHEN verification_source.source_id IS NULL THEN 'MISSING'
            -- sent again with nobody: taken back, not a book of which rows are missing
            WHEN verification_source.row_count = 0 AND verification_source.declared_count = 0 THEN 'WITHDRAWN'
            WHEN verification_source.taken_on NOT BETWEEN verification_span.from_on AND verification_span.until_on THEN 'STALE'
            WHEN verification_source.row_count <> verification_source.declared_count THEN 'INCOMPLETE'
            WHEN verification_span.source_kind = 'SECOND_SOURCE' AND NOT verification_source.is_independent THEN 'NOT_INDEPENDENT'
            ELSE 'USED'
        END AS own_status
    FROM verification_span
    LEFT JOIN verification_source USING (source_kind)
    LEFT JOIN batch USING (batch_id)
)

SELECT
    * EXCLUDE (own_status),
    CASE
        WHEN source_kind NOT IN ('CONTROL_WALK', 'SECOND_SOURCE') OR own_status NOT IN ('USED', 'NOT_INDEPENDENT') THEN own_status
        -- nobody is named by one kind twice: of several sources one speaks for the institution, an independent one first
        WHEN
            row_number() OVER (
                PARTITION BY source_kind, institution_id, own_status IN ('USED', 'NOT_INDEPENDENT')
                ORDER BY own_status DESC, taken_on DESC, received_at DESC, source_id
            ) > 1 THEN 'OTHER_USED'
        ELSE own_status
    END AS status
FROM looked_at
