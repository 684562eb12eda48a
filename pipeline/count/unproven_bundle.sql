-- Bundles whose signature does not hold, until what they held has come, or is known to be wanting.
WITH unread AS (
    -- a line, or a survey tool's file, that has not come in one whose signature holds; what is no case is never sent again
    SELECT DISTINCT batch_id
    FROM record
    SEMI JOIN (FROM batch WHERE seal_fault IS NOT NULL) AS refused USING (batch_id)
    ANTI JOIN (
        SELECT record.bytes_sha256
        FROM record
        JOIN batch USING (batch_id)
        -- a file the manifest does not answer for proves nothing
        WHERE batch.seal_fault IS NULL AND record.read_error IS NULL
        UNION ALL BY NAME
        SELECT unnest(proven_sha256) AS bytes_sha256 FROM batch
    ) AS proven USING (bytes_sha256)
    WHERE COALESCE(read_error NOT IN ('UNKNOWN_FILE', 'BAD_MANIFEST'), TRUE)
)

SELECT
    came.batch_id,
    COALESCE(device.key_revoked_on <= timezone(round.zone, timezone('UTC', build.as_of))::DATE, FALSE) AS is_key_revoked
FROM came
SEMI JOIN unread USING (batch_id)
LEFT JOIN device USING (device_id)
CROSS JOIN round
CROSS JOIN build
WHERE NOT came.is_accounted
