-- Records that stand for their case and are held all the same. People nobody but one member of staff has seen: told by the
-- administration within minutes, without a number, on no list and in no admission book, and more such by the same hand than the
-- round allows. A release admits that person alone and bears out nobody else of the hand; records that name no hand are one hand's of the
-- institution they name. And what was discarded: it stays where it is, even if what it was held for is there no more.
WITH unseen AS (
    SELECT
        current_record.no,
        current_record.record_id,
        current_record.staff_id,
        CASE WHEN current_record.staff_id IS NULL THEN current_record.written_id END AS handless_id,
        round.unconfirmed_more_than_count,
        COALESCE(quarantine_decision.action = 'release', FALSE) AS is_released
    FROM current_record
    CROSS JOIN round
    LEFT JOIN quarantine_decision USING (record_id)
    ANTI JOIN record_document ON current_record.no = record_document.record_no
    WHERE current_record.is_quick_proxy
    AND COALESCE(current_record.iin, current_record.contested_iin) IS NULL
    AND current_record.family_code IS NOT NULL
    AND current_record.birth_on IS NOT NULL
    AND current_record.list_entry_no IS NULL
    AND NOT current_record.is_training
),

unconfirmed AS (
    SELECT
        no,
        record_id
    FROM unseen
    QUALIFY count(*) OVER (PARTITION BY staff_id, handless_id) > unconfirmed_more_than_count AND NOT is_released
)

SELECT
    no,
    record_id,
    'UNCONFIRMED_PERSON' AS reason
FROM unconfirmed
UNION ALL
SELECT
    current_record.no,
    current_record.record_id,
    'DISCARDED' AS reason
FROM current_record
JOIN quarantine_decision USING (record_id)
ANTI JOIN unconfirmed USING (record_id)
WHERE quarantine_decision.action = 'discard'
