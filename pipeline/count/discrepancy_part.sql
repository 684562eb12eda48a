-- What is open and not said, for it is part of what is: the nights know it all the same.
SELECT
    discrepancy_id,
    kind,
    severity,
    institution_id,
    subject_kind,
    subject_id,
    person_count
FROM matter
ANTI JOIN discrepancy USING (discrepancy_id)
