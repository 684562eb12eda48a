-- A believed bundle brings the tablet's counters: what it does not hold itself is a gap of theirs from then on. They are those of the
-- moment it was exported, by the clock that was signed, however late a stick is loaded, and no later than it was written or received.
SELECT
    device_id,
    max(least(sent_at, copied_at, received_at)) AS exported_at
FROM batch
WHERE seal_fault IS NULL AND created_count IS NOT NULL AND device_id IS NOT NULL
GROUP BY device_id
