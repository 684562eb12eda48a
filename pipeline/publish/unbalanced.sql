-- Lines of the ledger whose states do not add up to what was received.
SELECT count(*) AS line_count
FROM ledger
WHERE received_count IS DISTINCT FROM unreadable_count + repeated_count + quarantined_count + superseded_count
    + out_of_scope_count + duplicate_count + counted_count
