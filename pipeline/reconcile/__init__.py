"""The ledger, the control totals, night against night, and the one page."""
