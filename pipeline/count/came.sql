-- Batches, and what each has brought. What a bundle lacked is a gap of the tablet's counters once it has exported again, no longer its own.
-- A bundle that is not believed says nothing of the tablet it names; of an altered one the statement is proven and the lines are not.
-- A believed bundle brings the tablet's counters: what it does not hold itself is a gap of theirs from then on. They are those of the
-- moment it was exported, by the clock that was signed, however late a stick is loaded, and no later than it was written or received.
WITH accounted AS (
    SELECT
        device_id,
        max(least(sent_at, copied_at, received_at)) AS exported_at
    FROM batch
    WHERE seal_fault IS NULL AND created_count IS NOT NULL AND device_id IS NOT NULL
    GROUP BY device_id
)

SELECT
    batch.* REPLACE (institution.institution_id AS institution_id),
    COALESCE(accounted.exported_at > batch.received_at, FALSE) AS is_accounted,
    batch.route IN ('tablet_vpn', 'tablet_usb') AND COALESCE(batch.seal_fault = 'BUNDLE_ALTERED', TRUE) AS is_of_tablet,
    CASE WHEN is_accounted THEN greatest(batch.slot_count, batch.declared_count) ELSE batch.slot_count END AS came_count
FROM batch
LEFT JOIN accounted USING (device_id)
LEFT JOIN institution ON batch.institution_id = institution.institution_id
