-- What became of the records in hand.
SELECT record_id, state, reason FROM record_state SEMI JOIN traced USING (record_id)
UNION ALL BY NAME
SELECT record_id, state, reason FROM intake_record SEMI JOIN traced USING (record_id)
ORDER BY record_id
