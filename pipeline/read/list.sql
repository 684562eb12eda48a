-- The newest list of each institution; several blocks of one file for one institution are one list.
WITH entries AS (
    SELECT
        list_id,
        count(*) AS entry_count
    FROM office_state
    WHERE route = 'list' AND state = 'in_force'
    GROUP BY list_id
)

SELECT
    list_state.list_id,
    list_state.institution_id,
    max(CAST(list_state.as_of_on AS DATE)) AS list_as_of_on,
    max(CAST(list_state.drawn_up_on AS DATE)) AS drawn_up_on,
    CAST(timezone(max(round.zone), CAST(max(list_state.received_at) AS TIMESTAMPTZ)) AS DATE) AS handed_over_on,
    sum(list_state.declared_total) AS declared_total,
    COALESCE(max(entries.entry_count), 0) AS entry_count,
    max(list_state.version_no) AS version_no,
    max(list_state.batch_id) AS batch_id
FROM list_state
CROSS JOIN round
LEFT JOIN entries USING (list_id)
WHERE list_state.is_newest
GROUP BY list_state.list_id, list_state.institution_id
