"""What people decided about records in quarantine, as relations the queries can read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pipeline.sql import Workbench

ACTIONS = ("release", "discard")


def register_decisions(bench: Workbench) -> None:
    """Register `quarantine_decision(record_id, action, decided_at, decision_no)`: the last decision on each record up to as-of.

    `release` lets a record take part as if its checks had passed, and names the winner of a version conflict; `discard` closes the item,
    the record stays quarantined.
    """
    last: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(bench.lake.decided("quarantine", bench.as_of), 1):
        if row.get("record_id") and row.get("action") in ACTIONS:
            last[row["record_id"]] = {
                "record_id": row["record_id"],
                "action": row["action"],
                "decided_at": datetime.fromisoformat(row["decided_at"]).astimezone(UTC).replace(tzinfo=None),
                "decision_no": number,
            }
    schema = pa.schema(
        [
            ("record_id", pa.string()),
            ("action", pa.string()),
            ("decided_at", pa.timestamp("us")),
            ("decision_no", pa.int64()),
        ]
    )
    decided = pa.Table.from_pylist([last[key] for key in sorted(last)], schema=schema)
    bench.con.register("decided_records", decided)
    bench.con.execute("CREATE OR REPLACE TEMP TABLE quarantine_decision AS SELECT * FROM decided_records")
    bench.con.unregister("decided_records")
