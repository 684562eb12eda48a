"""What a route hands over to be landed: a sender, the files that came together, and what was said about them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import SanaqError

IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")
UNKNOWN = "UNKNOWN"
CENSUS_DB = "census_db"
JSON_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """One file to be landed: where it lies now and the path it has within the batch."""

    path: Path
    name: str


@dataclass(frozen=True)
class Parcel:
    """What arrived together, before it is landed.

    Attributes
    ----------
    origin
        Where it came from: path below the inbox, or who was asked and the range of cursors. Kept in the lake only, never in a log.
    has_manifest
        Whether `manifest.json` among the files is the sender's own statement (tablet bundles).
    custody
        What the custody record of a medium says, or None where there is none.
    problems
        Codes of what is wrong with the parcel as a whole; it lands all the same.
    listing_sha256
        Hash of names, sizes and times of change as a gateway listed them, or None.
    inbox_sha256
        The same of what lies in the inbox, of this machine and so in no manifest: the line of a repetition has it. None where
        something had changed just before it was looked at.
    landed_daily
        How many of the submissions the Census Database accepted on each day, or None where lines have no such day.
    """

    route: str
    origin: str
    sources: tuple[Source, ...]
    source_id: str | None = None
    institution_id: str | None = None
    has_manifest: bool = False
    declared: dict[str, Any] | None = None
    custody: dict[str, Any] | None = None
    cursor_from: str | None = None
    cursor_to: str | None = None
    problems: tuple[str, ...] = ()
    listing_sha256: str | None = None
    inbox_sha256: str | None = None
    landed_daily: dict[str, int] | None = None


@dataclass(frozen=True)
class Refusal:
    """Something in the inbox or on the gateway that was not taken, and why; nothing of it is in the lake."""

    route: str
    origin: str
    reason: str


@dataclass(frozen=True)
class Copied:
    """A file as it lies in the lake."""

    name: str
    sha256: str
    size: int
    line_count: int

    def row(self) -> dict[str, Any]:
        """Return the file's line of the landing manifest."""
        return {"path": self.name, "sha256": self.sha256, "size": self.size, "line_count": self.line_count}


@dataclass
class Receipt:
    """What one run over one route brought.

    Attributes
    ----------
    landed
        Batch ids that are new, in order of receipt.
    again
        How many batches had been received before.
    refused
        What was not taken; `receipts.jsonl` says where each lies.
    waiting_at
        Where bundles lie without their `.ready` flag: still being written.
    record_count, declared_count
        Lines in the new submission files; cases their senders say they sent (None when nobody said).
    as_of
        When the newest of the new batches was received.
    note
        Said to the person looking when nothing came.
    trouble
        What ended the run before its time, though something had landed.
    """

    route: str
    landed: list[str] = field(default_factory=list)
    again: int = 0
    refused: list[Refusal] = field(default_factory=list)
    waiting_at: list[str] = field(default_factory=list)
    record_count: int = 0
    declared_count: int | None = None
    as_of: str | None = None
    note: str | None = None
    trouble: SanaqError | None = None

    @property
    def waiting(self) -> int:
        """How many bundles wait."""
        return len(self.waiting_at)

    def whole(self) -> Receipt:
        """Return the receipt, or raise what ended the run before its time."""
        if self.trouble:
            raise self.trouble
        return self


def batch_id(route: str, source_id: str, files: list[Copied]) -> str:
    """Return the id of a batch: SHA-256 over route, sender and content, see docs/formats.md."""
    lines = "".join(f"{file.name}\t{file.sha256}\n" for file in sorted(files, key=lambda file: file.name.encode()))
    return hashlib.sha256(f"{route}\n{source_id}\n{lines}".encode()).hexdigest()


def identifier(value: object) -> str | None:
    """Return `value` if it can be an identifier of something, else None."""
    return value if isinstance(value, str) and IDENTIFIER.fullmatch(value) else None
