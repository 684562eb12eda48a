"""`receipts.jsonl`: one line per receipt, and its recovery after a process was killed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.lake import NOT_TAKEN, Clock, Lake, append_line


class Book:
    """What has been received so far, kept in step with the file that other processes append to.

    Call every method under the lake's `receive` lock.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._path = lake.receipts
        self._pending = lake.landing / ".pending"
        self._read_up_to = 0
        self._newest: datetime | None = None
        self._known: set[str] = set()
        self._sizes: set[tuple[str, int]] = set()
        self._listings: dict[tuple[str, str], str] = {}
        self._not_taken: dict[tuple[str, str], dict[str, Any]] = {}

    def recover(self) -> None:
        """Enter landed batches whose line was never written."""
        self._read_up_to, self._newest, self._known, self._sizes = 0, None, set(), set()
        self._listings, self._not_taken = {}, {}
        self._read_on()
        missing = [manifest for manifest in self._landed() if manifest["batch_id"] not in self._known]
        for manifest in sorted(missing, key=lambda manifest: str(manifest["received_at"])):
            self.append([landed_row(manifest)])
        self._pending.unlink(missing_ok=True)

    def refresh(self) -> None:
        """Take in what other processes have entered; recover first if one of them was killed at it."""
        if self._pending.exists():
            self.recover()
        else:
            self._read_on()

    def open(self) -> None:
        """Mark that batches are about to be landed whose lines are still to be written."""
        self._pending.touch()

    def close(self, rows: list[dict[str, Any]]) -> None:
        """Enter the lines of the batches landed since `open`."""
        self.append(rows)
        self._pending.unlink(missing_ok=True)

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Append lines and force them to the disk; what is refused or waits as before is not entered again."""
        if news := [row for row in rows if not self._stands(row)]:
            append_line(self._path, *news)
            self._read_on()

    def knows(self, batch_id: str) -> bool:
        """Whether the batch has landed."""
        return batch_id in self._known

    def may_know(self, origin: str, size: int) -> bool:
        """Whether something of this size came from this place before; the content may differ all the same."""
        return (origin, size) in self._sizes

    def listed_as(self, origin: str, listing_sha256: str) -> str | None:
        """Return the batch this place held when the inbox or the gateway listed it just so, or None."""
        return self._listings.get((origin, listing_sha256))

    def not_taken(self) -> set[tuple[str, str]]:
        """Return the places, each with its route, whose last line is `refused` or `waiting`."""
        return set(self._not_taken)

    def moments(self, clock: Clock, count: int) -> list[datetime]:
        """Return `count` moments of receipt, each later than every one before in this lake."""
        now = clock().astimezone(UTC)
        tick = timedelta(microseconds=1)
        first = now if self._newest is None or now > self._newest else self._newest + tick
        return [first + tick * number for number in range(count)]

    def _read_on(self) -> None:
        """Take in the lines that are new; a torn one is cut, or the next would be written behind it: whoever wrote at it is dead."""
        if not self._path.exists():
            return
        with self._path.open("r+b") as handle:
            handle.seek(self._read_up_to)
            for line in handle:
                if not line.endswith(b"\n"):
                    handle.truncate(self._read_up_to)
                    break
                self._take(json.loads(line))
                self._read_up_to += len(line)

    def _take(self, row: dict[str, Any]) -> None:
        if row["outcome"] in ("landed", "again") and row.get("listing_sha256"):
            self._listings[row["origin"], row["listing_sha256"]] = row["batch_id"]
        if row["outcome"] in NOT_TAKEN:
            self._not_taken[row["route"], row["origin"]] = row
        else:
            self._not_taken.pop((row["route"], row["origin"]), None)
        if row["outcome"] != "landed":
            return
        self._known.add(row["batch_id"])
        self._sizes.add((row["origin"], row["byte_count"]))
        moment = datetime.fromisoformat(row["received_at"])
        self._newest = moment if self._newest is None else max(self._newest, moment)

    def _stands(self, row: dict[str, Any]) -> bool:
        """Whether a line says of a place what the last one of it said, and that it was not taken."""
        last = self._not_taken.get((row["route"], row["origin"]))
        return last is not None and last | {"at": row.get("at")} == row

    def _landed(self) -> list[dict[str, Any]]:
        paths = [path for path in self._lake.landing.glob("*/*/manifest.json") if path.parent.name not in self._known]
        return [_manifest(path) for path in paths if not path.parent.parent.name.startswith(".")]


def landed_row(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the line that says a batch landed."""
    return {
        "outcome": "landed",
        "route": manifest["route"],
        "batch_id": manifest["batch_id"],
        "source_id": manifest["source_id"],
        "origin": manifest["origin"],
        "received_at": manifest["received_at"],
        "byte_count": sum(file["size"] for file in manifest["files"]),
        "listing_sha256": manifest.get("listing_sha256"),
    }


def stamp(moment: datetime) -> str:
    """Return a moment as it is written in manifests and receipts: UTC, always with microseconds, so that texts sort as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def last_cursor(lake: Lake, route: str) -> str | None:
    """Return where the last pull over a route ended, or None before the first."""
    manifests = (_manifest(path) for path in lake.landing.glob(f"{route}/*/manifest.json"))
    pulled = [(str(manifest["received_at"]), manifest["cursor_to"]) for manifest in manifests if manifest["cursor_to"]]
    return str(max(pulled)[1]) if pulled else None


def _manifest(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
