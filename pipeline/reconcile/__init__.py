"""The ledger, the control totals, night against night, and the one page."""

from pipeline.reconcile.night import Reconciliation, reconcile

__all__ = ["Reconciliation", "reconcile"]
