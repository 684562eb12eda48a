-- The whole way of one row of an office's paper; ids, places, reasons and moments only.
SELECT
    {
        'route': intake_record.route,
        'batch_id': intake_record.batch_id,
        'received_at': intake_record.received_at,
        'received_again': (SELECT count(*) FROM receipt WHERE receipt.batch_id = intake_record.batch_id AND receipt.outcome = 'again'),
        'sent_at': batch.sent_at,
        'problems': batch.problems
    } AS batch,
    {
        'kind': intake_record.kind,
        'file_no': intake_record.file_no,
        'row_no': intake_record.record_no,
        'content_sha256': intake_record.content_sha256
    } AS place,
    {
        'state': intake_record.state,
        'reason': intake_record.reason
    } AS state,
    {
        'list_id': list_entry.list_id,
        'outcome': list_match.outcome,
        'reason': list_match.reason,
        'person_id': list_match.person_id
    } AS list_match,
    {
        'sender': shown_institution(intake_record.institution_id),
        'usual_institution_id': shown_institution(person.usual_institution_id),
        'present_institution_id': shown_institution(person.present_institution_id),
        'basis': person.basis
    } AS place_counted
FROM intake_record
LEFT JOIN batch USING (batch_id)
LEFT JOIN list_entry ON intake_record.record_id = list_entry.entry_id
LEFT JOIN list_match ON intake_record.record_id = list_match.entry_id
LEFT JOIN person ON list_match.person_id = person.person_id
WHERE intake_record.record_id IN (SELECT record_id FROM traced)
