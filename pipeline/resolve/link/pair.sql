-- Candidate pairs, compared. Two valid numbers part two records whatever else agrees, unless they are one slip apart and the given name is
-- the same: twins have numbers a slip apart, and near names.
FROM compared('candidate')
