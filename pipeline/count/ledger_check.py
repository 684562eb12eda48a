"""Stops the build when a record received is not accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.errors import LedgerUnbalanced
from pipeline.lake import is_sweep

NAMED = 5
SIGNATURE, SUBMISSIONS = "signature", "submissions.ndjson"
STATEMENTS = frozenset(("manifest.json", SIGNATURE, "submissions.sha256"))


def lines_landed(batches: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, per batch of submissions, the lines counted while it was landed.

    Every line is one record, and so is a file without any, and a bundle's manifest that cannot be read. What else a batch may hold (a workbook, a file nobody can open) has no lines.
    What lies in a signed bundle beside its submissions is lines or one strange file, as its manifest has it; such a batch is left out.
    """
    return [
        {
            "batch_id": batch["batch_id"],
            "line_count": sum(max(1, file["line_count"]) for file in files)
            + ("MANIFEST_UNREADABLE" in batch.get("problems", ())),
        }
        for batch in batches
        if (files := [file for file in batch["files"] if not _is_statement(batch["route"], file["path"])])
        and _is_lines(batch, files)
    ]


def _is_statement(route: str, name: str) -> bool:
    """Whether a file is about what a batch holds, or about what earlier ones held."""
    return name in STATEMENTS or is_sweep(route, name)


def _is_lines(batch: dict[str, Any], files: list[dict[str, Any]]) -> bool:
    """Whether every line of these files, all of a batch but its statements, is one record."""
    if any(file["path"] == SIGNATURE for file in batch["files"]):
        return [file["path"] for file in files] == [SUBMISSIONS]
    return all(file["path"].endswith(".ndjson") for file in files)


def require_balance(unbalanced: Sequence[tuple[str, str, int, int, int, int]]) -> None:
    """Refuse to go on when a batch does not balance.

    Parameters
    ----------
    unbalanced
        Batches that do not: route, batch, lines landed, records read, received by the ledger, in one of its states.

    Raises
    ------
    LedgerUnbalanced
        There is one; the message names route, batch and the four counts.
    """
    if not unbalanced:
        return
    lines = [
        f"{route} {batch}: landed {landed}, read {read}, received {received}, in a state {stated}"
        for route, batch, landed, read, received, stated in unbalanced
    ]
    more = f"; and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    raise LedgerUnbalanced(
        f"{len(lines)} batches do not balance: {'; '.join(lines[:NAMED])}{more}",
        where="count/ledger",
        todo="Nothing was published. Compare the batch's rows in `record` and `record_state`: a record is lost, or stands twice.",
    )
