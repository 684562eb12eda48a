-- Whatever a person may decide about: what is held, and what was decided before.
SELECT record_id FROM record_state WHERE state = 'quarantined'
UNION ALL
SELECT record_id FROM intake_record WHERE state = 'quarantined' OR (route = 'verification' AND state = 'unreadable')
UNION ALL
SELECT record_id FROM decision_line
