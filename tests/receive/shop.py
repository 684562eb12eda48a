"""A portal and nothing else: what a campaign serves, filled by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox.clock import write_clock
from sandbox.faults import Faults

SECRET = "correct-horse"


class Shop:
    """A campaign that is nothing but a portal; in every feed one line becomes available every minute of its clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "field" / "portal").mkdir(parents=True)
        self.faults = Faults()
        self.url = ""
        self.stock([json.dumps({"case_id": f"p{number}"}) for number in range(1000)])
        self.show(0)

    def stock(self, lines: Sequence[str], feed: str = "submissions") -> None:
        """Put lines into a feed, before it is served; they become available by and by."""
        store = self.folder / "field" / "portal"
        (store / f"{feed}.ndjson").write_bytes(
            "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
        )
        rows = "".join(f"{number},{_moment(number)}\n" for number in range(1, len(lines) + 1))
        (store / f"{feed}.csv").write_text("seq,available_at\n" + rows)

    def show(self, count: int) -> None:
        """Let the first lines be available."""
        write_clock(self.folder, _moment(count))


def _moment(minute: int) -> str:
    return (datetime(2021, 9, 1, tzinfo=UTC) + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
