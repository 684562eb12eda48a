-- Lists without names, each entry with its outcome. Ward and note are free text and stay in the lake.
SELECT
    list_entry.entry_id,
    list_entry.list_id,
    list_entry.institution_id,
    list_entry.entry_no,
    list_entry.sex,
    list_entry.has_iin,
    list_entry.note_code,
    list_entry.admitted_on > list.list_as_of_on AS is_admitted_after_list,
    list_match.outcome,
    list_match.reason
FROM list_entry
LEFT JOIN list USING (list_id)
LEFT JOIN list_match ON list_match.entry_id = list_entry.entry_id
