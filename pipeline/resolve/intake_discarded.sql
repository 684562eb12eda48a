-- Rows of papers that are held or cannot be read, and that somebody has set aside for good: nobody is asked about them any more.
SELECT intake_record.record_id
FROM intake_record
JOIN quarantine_decision USING (record_id)
WHERE intake_record.state IN ('quarantined', 'unreadable') AND quarantine_decision.action = 'discard'
