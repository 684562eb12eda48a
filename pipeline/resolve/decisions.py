"""What people decided, about items in quarantine and about pairs that may be one person, as relations the queries can read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import BadDecision
from pipeline.identifiers.sql import make_table
from pipeline.sql import Workbench, step_failed

ACTIONS = ("release", "discard", "retry")
VERDICTS = ("same", "different", "unsure")
HERE = Path(__file__).resolve().parent


def register_decisions(
    bench: Workbench, until: datetime, decidable: str = "SELECT record_id FROM decision_line"
) -> None:
    """Register `decision_line`, every decision up to a moment, `guarded_item` and `quarantine_decision`, the one that holds on each item.

    `release` lets a record take part as if its checks had passed, and names the winner of a version conflict; `discard` closes the item,
    the record stays quarantined; `retry` takes back what was decided before. On a guarded item two persons decide; `decidable`
    is the query of the items of which that is asked.

    Raises
    ------
    BadDecision
        A line is about no item, or says something else than these three.
    """
    rows = bench.lake.decided("quarantine", until)
    for number, row in enumerate(rows, 1):
        if not isinstance(row.get("record_id"), str) or row.get("action") not in ACTIONS:
            raise BadDecision(
                f"this decision names no record, or none of {', '.join(ACTIONS)}",
                where=f"decisions/quarantine.jsonl, decision {number}",
                todo="Restore the file from the back-up; decisions are only ever appended.",
            )
    _keep_lines(bench, "decision_line", ("record_id", "action", "decided_by"), rows)
    bench.con.execute(f"CREATE OR REPLACE TABLE decidable AS {decidable}")
    _execute(bench, "guarded")
    for name in ("guarded_item", "quarantine_decision"):
        _execute(bench, name, f"CREATE OR REPLACE TABLE {name} AS ")


def register_verdicts(bench: Workbench, until: datetime) -> None:
    """Register `verdict_line`, everything said up to a moment about pairs of cases: `same`, `different` or `unsure`, and by whom.

    Raises
    ------
    BadDecision
        A line is about no pair of cases in their order, says something else than these three, or nobody has said it.
    """
    rows = bench.lake.decided("review", until)
    columns = ("left_case_id", "right_case_id", "verdict", "decided_by")
    for number, row in enumerate(rows, 1):
        texts = [text for name in columns if isinstance(text := row.get(name), str)]
        if len(texts) < len(columns) or texts[2] not in VERDICTS or texts[0] >= texts[1]:
            raise BadDecision(
                f"this decision names no two cases, nobody who took it, or none of {', '.join(VERDICTS)}",
                where=f"decisions/review.jsonl, decision {number}",
                todo="Restore the file from the back-up; decisions are only ever appended.",
            )
    _keep_lines(bench, "verdict_line", columns, rows)


def _keep_lines(bench: Workbench, name: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Keep decisions as a table of texts, with their moment in UTC and their number in order."""
    decided = [
        {
            **row,
            "decided_at": datetime.fromisoformat(row["decided_at"]).astimezone(UTC).replace(tzinfo=None),
            "decision_no": number,
        }
        for number, row in enumerate(rows, 1)
    ]
    types = {**dict.fromkeys(columns, "VARCHAR"), "decided_at": "TIMESTAMP", "decision_no": "BIGINT"}
    make_table(bench.con, name, decided, types)


def _execute(bench: Workbench, name: str, before: str = "") -> None:
    try:
        bench.con.execute(before + (HERE / f"{name}.sql").read_text(encoding="utf-8"))
    except duckdb.Error as error:
        raise step_failed(error, f"resolve/{name}.sql") from None
