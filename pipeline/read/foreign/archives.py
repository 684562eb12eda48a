"""Opens zip files that nobody vouches for: looked through before anything of them is read, and never unpacked to the disk."""

from __future__ import annotations

import csv
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from pipeline.read.foreign.sheets import CannotBeRead, Row
from pipeline.read.zips import DirectoryTooLarge, entered

MOST_MEMBERS = 100_000  # an ODK archive holds the photographs, too
MOST_COLUMNS = 5_000
MOST_BYTES = 8 * 1024**3  # of all members together, unpacked
LONGEST_CELL = 1024 * 1024
LONGEST_ROW = 4 * LONGEST_CELL  # a row may be several lines
NESTED = re.compile(r"\.(zip|gz|tgz|bz2|xz|7z|rar|tar|zst|jar)$", re.IGNORECASE)
NESTED_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"(\xb5/\xfd")
# Survey Solutions puts the questionnaire's own archive beside its data; it is let lie there, closed.
LEFT_CLOSED = frozenset({"Questionnaire/content.zip"})
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
BROKEN_ENTRY = (ValueError, OverflowError, struct.error)  # what zipfile says of a damaged line of its directory


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive that has been looked through.

    Raises
    ------
    CannotBeRead
        `ARCHIVE_PATH` a member would lie outside, `ARCHIVE_LINK` is a link, `ARCHIVE_NESTED` is an archive itself, `ARCHIVE_TOO_MANY` and
        `ARCHIVE_TOO_LARGE` beyond the limits above, `ARCHIVE_ENCRYPTED` needs a password, `DAMAGED_FILE` cannot be unpacked.
    """
    try:
        with _entered(path) as archive:
            _look_through(archive)
            yield archive
    except DirectoryTooLarge:
        raise CannotBeRead("ARCHIVE_TOO_MANY") from None
    except DAMAGE:
        raise CannotBeRead("DAMAGED_FILE") from None


@contextmanager
def _entered(path: Path) -> Iterator[zipfile.ZipFile]:
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(entered(path))
        except BROKEN_ENTRY:
            raise CannotBeRead("DAMAGED_FILE") from None
        yield archive


def header(archive: zipfile.ZipFile, name: str, delimiter: str) -> tuple[str, ...]:
    """Return the column names of a table."""
    with _text(archive, name) as text:
        try:
            columns = tuple(next(csv.reader(_Lines(text), delimiter=delimiter, strict=True), ()))
        except csv.Error:
            raise CannotBeRead("DAMAGED_FILE") from None
    if len(columns) > MOST_COLUMNS:
        raise CannotBeRead("TOO_LARGE")
    return columns


def rows(archive: zipfile.ZipFile, name: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows of a table below its header; one that is damaged has its fault and as many cells as it can have."""
    csv.field_size_limit(LONGEST_CELL)
    with _text(archive, name) as text:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            width = len(next(reader, ()))
        except csv.Error:
            raise CannotBeRead("DAMAGED_FILE") from None
        while True:
            lines.taken = 0
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield ("BAD_ROW", *(None,) * width)
                continue
            if len(cells) == width and "\ufffd" not in "".join(cells):
                yield (None, *cells)
            elif cells:
                fault = "BAD_ROW" if len(cells) != width else "NOT_UTF8"
                yield (fault, *cells[:width], *(None,) * (width - len(cells)))


def text_of(archive: zipfile.ZipFile, name: str, limit: int = LONGEST_CELL) -> str:
    """Return a short text member, or as much of it as the limit allows."""
    with archive.open(name) as member:
        return member.read(limit).decode("utf-8-sig", errors="replace")


class _Lines:
    """The lines of a table; those `taken` for one row may together be no longer than a row may be."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.taken = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        self.taken += len(line)
        if self.taken > LONGEST_ROW:
            raise CannotBeRead("TOO_LARGE")
        if not line:
            raise StopIteration
        return line


@contextmanager
def _text(archive: zipfile.ZipFile, name: str) -> Iterator[IO[str]]:
    """Open a member as text; bytes that are no UTF-8 become U+FFFD, by which their row is known."""
    with archive.open(name) as member, io.TextIOWrapper(member, "utf-8-sig", errors="replace", newline="") as text:
        yield text


def _look_through(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise CannotBeRead("ARCHIVE_TOO_MANY")
    # What a member says of its length is held to while it is read: zipfile stops there and compares the checksum.
    if sum(member.file_size for member in members) > MOST_BYTES:
        raise CannotBeRead("ARCHIVE_TOO_LARGE")
    for member in members:
        if code := _refusal(member):
            raise CannotBeRead(code)
    for member in members:
        if (
            not member.is_dir()
            and member.filename not in LEFT_CLOSED
            and _begin(archive, member).startswith(NESTED_MAGIC)
        ):
            raise CannotBeRead("ARCHIVE_NESTED")


def _begin(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.header_offset < 0:  # zipfile would seek there
        raise CannotBeRead("DAMAGED_FILE")
    try:
        with archive.open(member) as content:
            return content.read(6)
    except BROKEN_ENTRY:
        raise CannotBeRead("DAMAGED_FILE") from None


def _refusal(member: zipfile.ZipInfo) -> str | None:
    name = member.orig_filename
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        return "ARCHIVE_PATH"
    mode = member.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "ARCHIVE_LINK"
    if member.flag_bits & 0x1:
        return "ARCHIVE_ENCRYPTED"
    if member.compress_type not in METHODS:
        return "DAMAGED_FILE"
    if NESTED.search(name) and member.filename not in LEFT_CLOSED:
        return "ARCHIVE_NESTED"
    return None
