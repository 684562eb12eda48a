-- The whole way of one submission, station by station; ids, places, rules and moments only.
SELECT
    {
        'route': record.route,
        'batch_id': record.batch_id,
        'received_at': record.received_at,
        'received_again': (SELECT count(*) FROM receipt WHERE receipt.batch_id = record.batch_id AND receipt.outcome = 'again'),
        'sent_at': batch.sent_at,
        'problems': batch.problems
    } AS batch,
    {
        'file_no': record.file_no,
        'record_no': record.record_no,
        'byte_offset': record.byte_offset,
        'byte_length': record.byte_length,
        'bytes_sha256': record.bytes_sha256
    } AS place,
    {
        'read_error': record.read_error,
        'set_aside': record.mistyped,
        'unknown_key_count': record.unknown_key_count,
        'answers_sha256': record.answers_sha256
    } AS "read",
    {
        'rejects': record_check.rejects,
        'blanks': record_check.blanks,
        'blanked_columns': record_check.blanked_columns,
        'flags': record_check.flags
    } AS "check",
    {
        'case_version': record.case_version,
        'standing': case_record.standing,
        'reason': case_record.reason,
        'winner_record_id': case_record.winner_record_id
    } AS "case",
    {
        'state': record_state.state,
        'reason': record_state.reason,
        'is_settled': record_state.is_settled
    } AS state,
    {
        'person_id': person_record.person_id,
        'role': person_record.role,
        'rule_id': person_record.rule_id,
        'survivor_record_id': person.survivor_record_id
    } AS person,
    {
        'sender': shown_institution(record_state.institution_id),
        'usual_institution_id': shown_institution(person.usual_institution_id),
        'present_institution_id': shown_institution(person.present_institution_id),
        'basis': person.basis
    } AS place_counted
FROM record
LEFT JOIN batch USING (batch_id)
LEFT JOIN record_check USING (record_id)
LEFT JOIN case_record USING (record_id)
LEFT JOIN record_state USING (record_id)
LEFT JOIN person_record USING (record_id)
LEFT JOIN person ON person_record.person_id = person.person_id
SEMI JOIN traced USING (record_id)
