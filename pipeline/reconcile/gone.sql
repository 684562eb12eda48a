-- Batches that lost records since the night before though what is believed of them is the same. A foreign file, and a file its bundle does
-- not answer for, is one record or as many as it has rows, by the verdict on the signature and by its crosswalk: where either is another,
-- nothing was lost.
SELECT
    'RECORDS_GONE' AS problem,
    old.batch_id,
    before_batch.route,
    count(*) AS wanted_count,
    count(now.record_id) AS found_count
FROM before_record_state AS old
JOIN before_batch ON old.batch_id = before_batch.batch_id
LEFT JOIN record_state AS now ON old.record_id = now.record_id
LEFT JOIN batch ON old.batch_id = batch.batch_id
ANTI JOIN translated ON old.batch_id = translated.batch_id
WHERE batch.batch_id IS NULL OR batch.seal_fault IS NOT DISTINCT FROM before_batch.seal_fault
GROUP BY old.batch_id, before_batch.route
HAVING count(*) > count(now.record_id)
ORDER BY old.batch_id
