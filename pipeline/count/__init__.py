"""Expected persons, coverage, quality, estimates and discrepancies."""
