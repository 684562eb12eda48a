"""Lands parcels: bytes are copied and hashed in one pass, forced to the disk, and appear in the lake by one rename under a lock.

A kill at any point leaves either nothing (the next run sweeps what was staged) or a whole batch (the next run enters its line in
`receipts.jsonl`).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from pipeline.errors import DiskFull
from pipeline.lake import Clock, Lake
from pipeline.receive.book import Book, landed_row, stamp
from pipeline.receive.inbox import read_statement
from pipeline.receive.parcel import JSON_LIMIT, UNKNOWN, Copied, Parcel, Receipt, Refusal, Source, batch_id, identifier

SUBMISSIONS = "submissions.ndjson"
BLOCK = 4 * 1024 * 1024
GROUP_PARCELS = 64  # landed under one lock: a forced write takes milliseconds, a bundle needs several
GROUP_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Staged:
    """A parcel whose bytes are in the lake's staging folder (or were found to be known already)."""

    parcel: Parcel
    batch_id: str
    files: list[Copied]
    folder: Path | None


@dataclass(frozen=True)
class Landed:
    """A batch that is new."""

    manifest: dict[str, Any]


@dataclass(frozen=True)
class Again:
    """A batch that had been received before."""

    batch_id: str


Outcome = Landed | Again | Refusal


class Landing:
    """A staging folder of one run; leave it as a context manager."""

    def __init__(self, lake: Lake, clock: Clock, max_file_bytes: int) -> None:
        self._lake = lake
        self._clock = clock
        self._max_file_bytes = max_file_bytes
        self._book = Book(lake)
        self.staging = lake.staging / uuid.uuid4().hex
        self._alive: IO[str]

    def __enter__(self) -> Landing:
        self._lake.prepare()
        with self._lake.lock("receive"):  # or another's sweep might find the folder before it is seen to be alive
            self.staging.mkdir()
            self._alive = (self.staging / "alive").open("w")
            fcntl.flock(self._alive, fcntl.LOCK_EX)
            self._sweep()
            self._book.recover()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)
        self._alive.close()

    def land(self, found: Iterable[Parcel]) -> Iterator[Outcome]:
        """Land parcels in the order given.

        Raises
        ------
        DiskFull
            There is not twice the room the next parcels need; those before them have landed whole.
        """
        with ThreadPoolExecutor(max_workers=8) as pool:
            for group in _groups(found):
                self._lake.require_space(2 * sum(_size(parcel) for parcel in group))
                yield from self._commit(list(pool.map(self._stage, group)), pool)

    def refuse(self, refusals: list[Refusal]) -> None:
        """Enter once what was not taken, so that a person can find it."""
        at = stamp(self._clock())
        rows = [
            {"outcome": "refused", "route": r.route, "origin": r.origin, "reason": r.reason, "at": at} for r in refusals
        ]
        with self._lake.lock("receive"):
            self._book.refresh()
            self._book.append(rows)

    def leave(self, receipt: Receipt, source: str) -> None:
        """Enter once what waits, and what was refused or waited and is there no more.

        Parameters
        ----------
        source
            What the origins of the source begin with that has been looked through, over whatever route its batches go; of other sources
            nothing is known, nor of what lies in a folder that could not be looked into.
        """
        at = stamp(self._clock())
        waits = [(receipt.route, origin) for origin in receipt.waiting_at]
        there = {*waits, *((refusal.route, refusal.origin) for refusal in receipt.refused)}
        shut = tuple(f"{refusal.origin}/" for refusal in receipt.refused if refusal.reason == "CANNOT_BE_READ")
        with self._lake.lock("receive"):
            self._book.refresh()
            now = [("waiting", *place) for place in waits]
            for route, origin in sorted(self._book.not_taken() - there):
                if f"{origin}/".startswith(source) and not origin.startswith(shut):
                    now.append(("gone", route, origin))
            self._book.append(
                [{"outcome": what, "route": route, "origin": origin, "at": at} for what, route, origin in now]
            )

    def listed_as(self, origin: str, listing_sha256: str) -> str | None:
        """Return the batch that was received when the inbox or the gateway listed this place just so, or None."""
        with self._lake.lock("receive"):
            self._book.refresh()
            return self._book.listed_as(origin, listing_sha256)

    def _sweep(self) -> None:
        """Remove what killed runs left behind; a run that lives holds its folder's lock."""
        for folder in self._lake.staging.iterdir():
            try:
                with (folder / "alive").open("a") as handle:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            except OSError:
                pass
            if folder != self.staging:
                shutil.rmtree(folder, ignore_errors=True)

    def _stage(self, parcel: Parcel) -> Staged | Refusal:
        try:
            if self._book.may_know(parcel.origin, _size(parcel)):
                known = self._copied(parcel, None)
                if self._book.knows(known.batch_id):
                    return known
            return self._copied(parcel, self.staging / uuid.uuid4().hex)
        except _Refused as refused:
            return Refusal(parcel.route, parcel.origin, refused.reason)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(
                    "the disk filled while receiving",
                    where=str(self._lake.root),
                    todo="Free space; what was landed before is whole, the rest comes with the next run.",
                ) from None
            return Refusal(parcel.route, parcel.origin, "CANNOT_BE_READ")

    def _copied(self, parcel: Parcel, folder: Path | None) -> Staged:
        files, statement = [], b""
        for source in parcel.sources:
            target = folder / "files" / source.name if folder else None
            copied, head = _copy(source, target, self._max_file_bytes)
            files.append(copied)
            statement = head if source.name == "manifest.json" else statement
        if folder:
            _force(folder / "files")
        known = _with_statement(parcel, files, statement) if parcel.has_manifest else parcel
        return Staged(known, batch_id(known.route, known.source_id or UNKNOWN, files), files, folder)

    def _commit(self, staged: list[Staged | Refusal], pool: ThreadPoolExecutor) -> Iterator[Outcome]:
        with self._lake.lock("receive"):
            self._book.refresh()
            fresh = list(self._fresh(staged))
            moments = iter(self._book.moments(self._clock, len(fresh)))
            manifests = {one.batch_id: _landing_manifest(one, stamp(next(moments))) for one in fresh}
            deque(pool.map(_write_manifest, fresh, manifests.values()), maxlen=0)
            self._book.open()
            for one in fresh:
                self._put(one)
            for route in {one.parcel.route for one in fresh}:
                _force(self._lake.landing / route)
            outcomes = [_outcome(one, manifests) for one in staged]
            self._book.close([self._row(one, outcome) for one, outcome in zip(staged, outcomes, strict=True)])
        yield from outcomes

    def _fresh(self, staged: list[Staged | Refusal]) -> Iterator[Staged]:
        seen: set[str] = set()
        for one in staged:
            if (
                isinstance(one, Staged)
                and one.folder
                and one.batch_id not in seen
                and not self._book.knows(one.batch_id)
            ):
                seen.add(one.batch_id)
                yield one

    def _put(self, one: Staged) -> None:
        assert one.folder is not None
        target = self._lake.landing / one.parcel.route / one.batch_id
        target.parent.mkdir(exist_ok=True)
        one.folder.rename(target)

    def _row(self, one: Staged | Refusal, outcome: Outcome) -> dict[str, Any]:
        if isinstance(outcome, Landed):
            return landed_row(outcome.manifest)
        at = stamp(self._clock())
        if isinstance(one, Refusal):
            return {"outcome": "refused", "route": one.route, "origin": one.origin, "reason": one.reason, "at": at}
        parcel = one.parcel
        row = {
            "outcome": "again",
            "route": parcel.route,
            "batch_id": one.batch_id,
            "source_id": parcel.source_id,
            "origin": parcel.origin,
            "at": at,
            "listing_sha256": parcel.listing_sha256 or parcel.inbox_sha256,
        }
        return row | ({"custody": parcel.custody} if parcel.route == "tablet_usb" else {})


class _Refused(Exception):  # control flow within this module
    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def _copy(source: Source, target: Path | None, limit: int) -> tuple[Copied, bytes]:
    """Hash a file, writing it to `target` on the way; return its measures and its first bytes."""
    handle = os.open(source.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb", buffering=0) as reader:
        before = os.fstat(reader.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise _Refused("NOT_A_FILE")
        if before.st_size > limit:
            raise _Refused("TOO_LARGE")
        writer = _writer(target) if target else None
        try:
            copied, head = _pump(reader, writer, source.name, limit)
        finally:
            if writer:
                writer.close()
        after = os.fstat(reader.fileno())
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or copied.size != after.st_size:
        raise _Refused("STILL_BEING_WRITTEN")
    return copied, head


def _pump(reader: IO[bytes], writer: IO[bytes] | None, name: str, limit: int) -> tuple[Copied, bytes]:
    digest, size, lines, head, last = hashlib.sha256(), 0, 0, b"", b"\n"
    while block := reader.read(BLOCK):
        digest.update(block)
        size += len(block)
        if size > limit:
            raise _Refused("TOO_LARGE")
        lines += block.count(b"\n")
        head = head or block[: JSON_LIMIT + 1]
        last = block[-1:]
        if writer:
            writer.write(block)
    if writer:
        writer.flush()
        os.fsync(writer.fileno())
    return Copied(name, digest.hexdigest(), size, lines + (last != b"\n")), head


def _writer(target: Path) -> IO[bytes]:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.open("xb", buffering=0)


def _with_statement(parcel: Parcel, files: list[Copied], content: bytes) -> Parcel:
    """Take sender and declared counts from the bundle's own manifest, whose bytes have just been copied."""
    statement = read_statement(content)
    problems = list(parcel.problems)
    if statement is None:
        problems.append("MANIFEST_UNREADABLE" if any(file.name == "manifest.json" for file in files) else "NO_MANIFEST")
    elif _submissions_differ(statement, files):
        problems.append("SUBMISSIONS_DIFFER")
    if parcel.custody is not None and _differs(parcel, files):
        problems.append("CUSTODY_DIFFERS")
    said = statement or {}
    return replace(
        parcel,
        source_id=identifier(said.get("device_id")) or UNKNOWN,
        institution_id=identifier(said.get("institution_id")),
        declared=statement,
        problems=tuple(problems),
    )


def _submissions_differ(statement: dict[str, Any], files: list[Copied]) -> bool:
    """Whether the digest of submissions is of no file; where other survey tools' files are all there is, it may be left out."""
    stated = statement.get("submissions_sha256")
    is_wanted = stated is not None or any(file.name == SUBMISSIONS for file in files)
    return is_wanted and stated not in {file.sha256 for file in files}


def _differs(parcel: Parcel, files: list[Copied]) -> bool:
    """Whether the medium's custody record names other bytes for a file of this bundle than have been found."""
    listed = (parcel.custody or {}).get("files")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    bundle = parcel.origin.rsplit("/", 1)[-1]
    found = {f"{bundle}/{file.name}": file.sha256 for file in files}
    return any(found[str(row["path"])] != row.get("sha256") for row in rows if str(row.get("path")) in found)


def _write_manifest(one: Staged, manifest: dict[str, Any]) -> None:
    assert one.folder is not None
    with (one.folder / "manifest.json").open("w", encoding="utf-8") as handle:
        handle.write(json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def _landing_manifest(one: Staged, received_at: str) -> dict[str, Any]:
    parcel = one.parcel
    return {
        "batch_id": one.batch_id,
        "route": parcel.route,
        "source_id": parcel.source_id or UNKNOWN,
        "origin": parcel.origin,
        "received_at": received_at,
        "institution_id": parcel.institution_id,
        "device_id": parcel.source_id if parcel.has_manifest and parcel.source_id != UNKNOWN else None,
        "files": [file.row() for file in sorted(one.files, key=lambda file: file.name.encode())],
        "declared": parcel.declared,
        "custody": parcel.custody,
        "cursor_from": parcel.cursor_from,
        "cursor_to": parcel.cursor_to,
        "listing_sha256": parcel.listing_sha256,
        "landed_daily": parcel.landed_daily,
        "problems": list(parcel.problems),
        "sanaq_version": version("sanaq"),
    }


def _outcome(one: Staged | Refusal, manifests: dict[str, dict[str, Any]]) -> Outcome:
    if isinstance(one, Refusal):
        return one
    manifest = manifests.get(one.batch_id)
    if manifest is None or manifest["origin"] != one.parcel.origin:
        return Again(one.batch_id)
    return Landed(manifest)


def _groups(parcels: Iterable[Parcel]) -> Iterator[list[Parcel]]:
    group: list[Parcel] = []
    size = 0
    for parcel in parcels:
        group.append(parcel)
        size += _size(parcel)
        if len(group) >= GROUP_PARCELS or size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _size(parcel: Parcel) -> int:
    total = 0
    for source in parcel.sources:
        try:
            total += source.path.lstat().st_size
        except OSError:
            continue
    return total


def _force(folder: Path) -> None:
    """Force a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
