"""Stops the build when a record received is not accounted for."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import LedgerUnbalanced

NAMED = 5


def require_balance(unbalanced: Sequence[tuple[str, str, int, int, int]]) -> None:
    """Refuse to go on when a batch does not balance.

    Parameters
    ----------
    unbalanced
        Batches that do not: route, batch, records landed, received by the ledger, in one of its states.

    Raises
    ------
    LedgerUnbalanced
        There is one; the message names route, batch and the three counts.
    """
    if not unbalanced:
        return
    lines = [
        f"{route} {batch}: landed {landed}, received {received}, in a state {stated}"
        for route, batch, landed, received, stated in unbalanced
    ]
    more = f"; and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    raise LedgerUnbalanced(
        f"{len(lines)} batches do not balance: {'; '.join(lines[:NAMED])}{more}",
        where="count/ledger",
        todo="Nothing was published. Compare the batch's rows in `record` and `record_state`: a record is lost, or stands twice.",
    )
