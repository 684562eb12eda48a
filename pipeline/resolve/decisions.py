"""What people decided about items in quarantine, as relations the queries can read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import BadDecision
from pipeline.sql import Workbench, step_failed

ACTIONS = ("release", "discard", "retry")
COLUMNS = ("record_id", "action", "decided_by")
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
    moments = [datetime.fromisoformat(row["decided_at"]).astimezone(UTC).replace(tzinfo=None) for row in rows]
    texts = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS}
    numbers = pa.array(range(1, len(rows) + 1), pa.int64())
    decided = pa.table({**texts, "decided_at": pa.array(moments, pa.timestamp("us")), "decision_no": numbers})
    bench.con.register("decided_lines", decided)
    bench.con.execute("CREATE OR REPLACE TEMP TABLE decision_line AS SELECT * FROM decided_lines")
    bench.con.unregister("decided_lines")
    bench.con.execute(f"CREATE OR REPLACE TEMP TABLE decidable AS {decidable}")
    for name in ("guarded_item", "quarantine_decision"):
        try:
            query = (HERE / f"{name}.sql").read_text(encoding="utf-8")
            bench.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
        except duckdb.Error as error:
            raise step_failed(error, f"resolve/{name}.sql") from None
