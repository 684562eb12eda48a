"""The lake: where bytes land, builds are made and snapshots are switched. Paths, locks and clocks, nothing else.

landing/ROUTE/BATCH_ID/{manifest.json, files/}   what arrived, never changed
receipts.jsonl                                   one line per receipt, also of what was here already
decisions/*.jsonl                                what people decided, append-only; what a kill left of a line lies beside it as `*.torn`
access.jsonl                                     who looked at identity, when and of whom: ids only, append-only
rollbacks.jsonl                                  who took a night or release back, when and why, append-only; no input of a build
memo/                                            typed rows and digests of a batch, may be deleted at any time
builds/BUILD_ID/{manifest.json, STEP/TABLE.parquet}
operations/, published/                          snapshots; `current` is a relative symlink replaced by rename
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

from pipeline.errors import BadDecision, BadSetting, DiskFull

Clock = Callable[[], datetime]
NOT_TAKEN = ("refused", "waiting")  # outcomes in `receipts.jsonl`
SIMULATED = ".sandbox"  # lies in a lake that was begun for a simulated campaign
EVER = datetime.max.replace(tzinfo=UTC)
BUNDLE_FILES = ("manifest.json", "signature", "submissions.ndjson", "submissions.sha256")
SWEEP = re.compile(r"sweep-\d{5}\.csv")
# What only one process at a time does: write a batch's receipt or pin inputs, pull from a source, make a step, switch a snapshot, note a look.
LOCKS = ("receive", "portal", "gateway", "odk", "census_db", "build", "publish", "access")

LOG = logging.getLogger(__name__)


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def clock_from(start: datetime) -> Clock:
    """Return a clock that stands at `start`; receipts of one moment are told apart by the microsecond `Lake` adds."""
    return lambda: start


def in_utc(at: datetime | str) -> str:
    """Return a moment as people read it: to the second, in UTC, and saying so. One without an offset is of a table, and UTC."""
    known = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{known.astimezone(UTC) if known.tzinfo else known:%Y-%m-%d %H:%M:%S} UTC"


def is_foreign(name: str) -> bool:
    """Whether a file of submissions is another survey tool's: as many records as its crosswalk makes of it, not one a line."""
    return name not in BUNDLE_FILES and not name.endswith(".ndjson")


def is_sweep(route: str, name: str) -> bool:
    """Whether a file says what the Census Database has no more, and what it has again; no case is in it."""
    return route == "census_db" and SWEEP.fullmatch(name) is not None


def has_foreign(batch: dict[str, Any]) -> bool:
    """Whether another survey tool's file is among those of a batch."""
    names = [file["path"] for file in batch["files"]]
    return any(is_foreign(name) and not is_sweep(batch["route"], name) for name in names)


class Lake:
    """A lake folder. Whatever a process writes once it has one is its owner's alone, files 0600 and folders 0700.

    Parameters
    ----------
    root
        Folder of the lake; made when missing.

    Raises
    ------
    BadSetting
        There can be no lake there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        os.umask(0o077)  # once for all who write here: DuckDB, Arrow and Great Expectations ask for no mode
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadSetting(
                f"the lake's folder cannot be made or used: {error.strerror}",
                where=f"{self.root} (SANAQ_LAKE)",
                todo="Name a folder this user may write to.",
            ) from None
        self.landing = self.root / "landing"
        self.receipts = self.root / "receipts.jsonl"
        self.decisions = self.root / "decisions"
        self.access = self.root / "access.jsonl"
        self.rollbacks = self.root / "rollbacks.jsonl"
        self.memo = self.root / "memo"
        self.builds = self.root / "builds"
        self.operations = self.root / "operations"
        self.published = self.root / "published"
        self.staging = self.root / "staging"
        self.temp = self.root / "temp"

    def prepare(self) -> None:
        """Make the folders in which identity lies."""
        for folder in (self.landing, self.staging, self.decisions, self.memo, self.builds, self.temp):
            folder.mkdir(exist_ok=True)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold one of `LOCKS` over the block, once whoever holds it is done; it falls with the process."""
        with (self.root / f".{name}.lock").open("a") as handle:
            if not _taken(handle):
                LOG.info("waiting for another process at work on this lake (%s)", name)
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def is_held(self, name: str) -> bool:
        """Whether a process holds the named lock; who asks makes no file that would then be theirs."""
        try:
            with (self.root / f".{name}.lock").open() as handle:
                return not _taken(handle)
        except FileNotFoundError:
            return False

    def batches(self, as_of: datetime | None = None) -> list[dict[str, Any]]:
        """Return the landing manifests received up to and including `as_of`, in order of receipt."""
        manifests = [json.loads(content) for content in self._manifests()]
        known = manifests if as_of is None else received_by(manifests, as_of)
        return sorted(known, key=lambda m: (m["received_at"], m["batch_id"]))

    def _manifests(self) -> Iterator[bytes]:
        """Yield every landing manifest. Every step asks for them and there may be many thousands: a `Path` for each would take as long again."""
        for route in self.landing.iterdir() if self.landing.exists() else ():
            for batch in os.scandir(route) if route.is_dir() else ():
                path = f"{batch.path}/manifest.json"
                with suppress(FileNotFoundError, NotADirectoryError), open(path, "rb") as file:  # noqa: PTH123  # as said
                    yield file.read()

    def newest_receipt(self) -> datetime | None:
        """Return when the newest batch was received, or None for an empty lake."""
        moments = [datetime.fromisoformat(m["received_at"]) for m in self.batches()]
        return max(moments, default=None)

    def receipt_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of `receipts.jsonl` in order; one that is still being written, or was cut by a kill, is none yet."""
        if not self.receipts.exists():
            return
        with self.receipts.open("rb") as lines:
            yield from (json.loads(line) for line in takewhile(lambda line: line.endswith(b"\n"), lines))

    def not_taken(self, as_of: datetime) -> list[dict[str, Any]]:
        """Return how many places of the inbox or the gateway were `refused` or `waiting` at a moment, by outcome, route and reason."""
        last = {(row["route"], row["origin"]): row for row in self._receipts(as_of)}
        left = Counter(
            (row["outcome"], row["route"], row.get("reason") or "")
            for row in last.values()
            if row["outcome"] in NOT_TAKEN
        )
        return [
            {"outcome": outcome, "route": route, "reason": reason or None, "place_count": count}
            for (outcome, route, reason), count in sorted(left.items())
        ]

    def media_again(self, as_of: datetime, late: Iterable[dict[str, Any]] = ()) -> list[dict[str, str]]:
        """Return the media whose bundles had all been received before, by another medium or another route, or wait in `late` batches, and when each was written.

        One whose custody record gives no moment says nothing: a folder somebody touched is received again however long it has lain there.
        """
        said = [row["custody"] for row in (*self._receipts(as_of), *late) if row.get("custody")]
        found = {
            (str(one["medium_id"]), copied_at.isoformat())
            for one in said
            if one.get("medium_id") and (copied_at := _copied_at(one))
        }
        return [{"medium_id": medium_id, "heard_at": heard_at} for medium_id, heard_at in sorted(found)]

    def _receipts(self, as_of: datetime) -> Iterator[dict[str, Any]]:
        """Yield the lines of `receipts.jsonl` up to a moment."""
        return (
            row for row in self.receipt_rows() if datetime.fromisoformat(row.get("at") or row["received_at"]) <= as_of
        )

    def decided(self, kind: str, as_of: datetime) -> list[dict[str, Any]]:
        """Return the decisions of one kind (`quarantine`, `review`, …) decided up to and including `as_of`, in order.

        Raises
        ------
        BadDecision
            A line is no decision with its moment.
        """
        return [row for row in self._decisions(kind) if datetime.fromisoformat(row["decided_at"]) <= as_of]

    def closing(self, as_of: datetime) -> dict[str, Any] | None:
        """Return the decision by which the round stands closed at a moment; None while it is open.

        Its `as_of` is that of the build the round was closed on: what was received or decided later waits until the round is reopened.

        Raises
        ------
        BadDecision
            A line says neither `close`, with what is frozen, nor `reopen`.
        """
        rows = self.decided("round", as_of)
        for number, row in enumerate(rows, 1):
            if row.get("action") != "reopen" and not (
                row.get("action") == "close" and {"as_of", "expected"} <= row.keys()
            ):
                raise BadDecision(
                    "this decision neither closes the round nor reopens it",
                    where=f"decisions/round.jsonl, decision {number}",
                    todo="Restore the file from the back-up; decisions are only ever appended.",
                )
        return rows[-1] if rows and rows[-1]["action"] == "close" else None

    def closed_on(self) -> set[str]:
        """Return the builds the round was ever closed on: what was signed is kept, reopened or not."""
        return {row["build_id"] for row in self.decided("round", EVER) if "build_id" in row}

    def rolled_back(self, room: Path) -> list[dict[str, Any]]:
        """Return where people switched `current` of `operations/` or `published/`, in order.

        Raises
        ------
        BadDecision
            A line is no decision with its moment.
        """
        return [row for row in _decision_lines(self.rollbacks) if row["room"] == room.name]

    def newest_input(self) -> datetime | None:
        """Return when the newest batch was received or the newest decision taken; None for a lake without batches."""
        received = self.newest_receipt()
        kinds = [path.stem for path in self.decisions.glob("*.jsonl")]
        decided = [datetime.fromisoformat(row["decided_at"]) for kind in kinds for row in self._decisions(kind)]
        return max([received, *decided]) if received else None

    def torn(self) -> list[str]:
        """Return the files of what people said of which a line was cut while it was written; it decides nothing, and waits for somebody to look."""
        paths = [*sorted(self.decisions.glob("*.jsonl")), self.access, self.rollbacks]
        return [path.name for path in paths if whole_lines(path)[1] or set_aside(path).exists()]

    def _decisions(self, kind: str) -> list[dict[str, Any]]:
        return _decision_lines(self.decisions / f"{kind}.jsonl")

    def require_space(self, needed: int) -> None:
        """Say before it is met that the disk would fill.

        Raises
        ------
        DiskFull
            Fewer than `needed` bytes plus a reserve of 64 MiB are free.
        """
        free = shutil.disk_usage(self.root).free
        if free < needed + 64 * 1024**2:
            raise DiskFull(
                f"{needed / 1024**2:.0f} MiB are needed, {free / 1024**2:.0f} MiB are free",
                where=str(self.root),
                todo="Free space or move the lake (SANAQ_LAKE); nothing was written.",
            )


def _taken(handle: IO[str]) -> bool:
    """Take the lock of a file, unless somebody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _copied_at(custody: dict[str, Any]) -> datetime | None:
    """Return when a medium was written, by its custody record."""
    try:
        copied_at = datetime.fromisoformat(custody["copied_at"])
    except (KeyError, TypeError, ValueError):
        return None
    return copied_at if copied_at.tzinfo else None


def received_by(batches: Iterable[dict[str, Any]], moment: datetime) -> list[dict[str, Any]]:
    """Return those of some landing manifests that were received up to and including a moment."""
    return [batch for batch in batches if datetime.fromisoformat(batch["received_at"]) <= moment]


def closing_digest(closing: dict[str, Any]) -> str:
    """Return by what the manifest of a build names the decision by which the round stood closed."""
    return hashlib.sha256(json.dumps(closing, sort_keys=True).encode()).hexdigest()


def counted_until(closing: dict[str, Any] | None, as_of: datetime) -> datetime:
    """Return up to when inputs count at a moment: no further than the build a closed round was closed on."""
    return as_of if closing is None else datetime.fromisoformat(closing["as_of"])


def whole_lines(path: Path) -> tuple[list[bytes], bytes]:
    """Return the lines of a file of JSON lines, and what a kill left of one more; a last line that lacks nothing but its end is whole."""
    *lines, rest = path.read_bytes().split(b"\n") if path.exists() else [b""]
    try:
        json.loads(rest)
    except ValueError:
        return lines, rest
    return [*lines, rest], b""


def _decision_lines(path: Path) -> list[dict[str, Any]]:
    lines, _ = whole_lines(path)
    return [_decision(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line]


def _decision(line: bytes, where: str) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(line)
        if datetime.fromisoformat(row["decided_at"]).tzinfo is not None:
            return row
    except (ValueError, KeyError, TypeError):
        pass
    raise BadDecision(
        "this line is no decision: a JSON object with `decided_at`, a moment with its offset",
        where=where,
        todo="Restore the file from the back-up; decisions are only ever appended.",
    ) from None


def write_json(path: Path, content: object) -> None:
    """Write sorted, readable JSON so that a reader never sees half a file."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(part, path)


def append_line(path: Path, *rows: dict[str, Any]) -> None:
    """Append a JSON line for each row and force them to the disk; what the disk did not take whole leaves nothing of itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = b"".join(json.dumps(row, ensure_ascii=False, sort_keys=True).encode() + b"\n" for row in rows)
    with path.open("a+b", buffering=0) as handle:  # unbuffered: closing must not write the rest later
        _end_last_line(handle, path)
        before = handle.tell()
        try:
            if handle.write(lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(handle.fileno())
        except OSError:
            handle.truncate(before)
            raise


def set_aside(path: Path) -> Path:
    """Return where is kept what kills left of lines of a file."""
    return path.with_name(f"{path.name}.torn")


def _end_last_line(handle: IO[bytes], path: Path) -> None:
    """Let the next line begin as one: whoever wrote at the last is dead, since one process at a time writes here."""
    size = handle.seek(0, os.SEEK_END)
    handle.seek(max(size - 1, 0))
    if handle.read(1) in (b"", b"\n"):
        return
    if torn := whole_lines(path)[1]:
        with set_aside(path).open("ab") as kept:
            kept.write(torn + b"\n")
            kept.flush()
            os.fsync(kept.fileno())
        LOG.warning("the last line of %s was cut while it was written; it is kept in %s", path, set_aside(path).name)
        handle.truncate(size - len(torn))
        handle.seek(0, os.SEEK_END)
    else:
        handle.write(b"\n")


def point_current(folder: Path, target: str) -> None:
    """Let `folder/current` name `target` from one instant to the next; open readers keep what they have."""
    link = folder / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    os.replace(link, folder / "current")
