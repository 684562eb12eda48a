"""Looks through a packed workbook (xlsx, ods) before anything opens it: how large it truly unpacks, how far its cells reach, what is hidden.

The engine that reads workbooks keeps a sheet as a full rectangle and believes what the archive says of itself; a file of a few kilobytes
could fill the memory. What is counted here is what really comes out.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from pipeline.read.zips import DirectoryTooLarge, entered

LARGEST_UNPACKED = 256 * 1024 * 1024
LARGEST_PARTS = 64 * 1024 * 1024  # of that, what the engine takes apart: not pictures and the like
MOST_ENTRIES = 4000
MOST_SHEETS = 200
MOST_ROWS = 2**20  # of all sheets, as they are written down
LARGEST_AREA = 4_000_000  # cells of all sheets, empty ones between filled ones included
MOST_CELLS = 1_000_000  # of all sheets, with anything in them
BLOCK = 1 << 20
PART = re.compile(r"\.(xml|rels)$")
XLSX, RELATIONS, ODS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "content.xml"
PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
Attributes = dict[str, str]


class NoSpreadsheet(Exception):  # control flow: the caller makes it an unreadable record
    """The bytes are no spreadsheet; the code says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass
class Packed:
    """What was seen of the sheets: for each by its number, which rows are hidden (counted from 0)."""

    hidden_rows: list[frozenset[int]] = field(default_factory=list)


def look_through(path: Path) -> Packed:
    """Look through a packed workbook.

    Raises
    ------
    NoSpreadsheet
        It unpacks to too much (TOO_LARGE), has too many sheets (TOO_MANY_SHEETS), or is damaged.
    """
    try:
        with entered(path) as archive:
            entries = _entries(archive)
            is_xlsx, is_ods = XLSX in entries, ODS in entries
            if is_xlsx == is_ods:  # none that we know, or two in one: the engine might take the other
                raise NoSpreadsheet("NOT_A_SPREADSHEET")
            return _walked(archive, entries, _xlsx_sheets(archive, entries) if is_xlsx else [ODS])
    except DirectoryTooLarge:
        raise NoSpreadsheet("TOO_LARGE") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        OSError,
        ValueError,
        LookupError,
        NotImplementedError,
        EOFError,
        RuntimeError,
    ):
        raise NoSpreadsheet("NOT_A_SPREADSHEET") from None


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return what an archive holds, by names as the engine compares them."""
    listed = archive.infolist()
    if len(listed) > MOST_ENTRIES:
        raise NoSpreadsheet("TOO_LARGE")
    entries = {_plain(entry.filename): entry for entry in listed}
    if len(entries) < len(listed):  # the engine might take the other
        raise NoSpreadsheet("NOT_A_SPREADSHEET")
    return entries


def _plain(name: str) -> str:
    return name.replace("\\", "/").lower()


def _walked(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], sheets: list[str]) -> Packed:
    left, parts_left, seen = LARGEST_UNPACKED, LARGEST_PARTS, {}
    for name, entry in entries.items():
        walker = _Walker() if name in sheets else None
        for block in _unpacked(archive, entry):
            left -= len(block)
            parts_left -= len(block) if PART.search(name) else 0
            if min(left, parts_left) < 0:
                raise NoSpreadsheet("TOO_LARGE")
            if walker:
                walker.take(block)
        if walker:
            seen[name] = walker.sheets()
    found = [sheet for name in sheets for sheet in seen[name] or [_Seen()]]
    if len(found) > MOST_SHEETS:
        raise NoSpreadsheet("TOO_MANY_SHEETS")
    area, cells = (sum(sheet.last_row * sheet.last_column for sheet in found), sum(sheet.cells for sheet in found))
    if area > LARGEST_AREA or cells > MOST_CELLS:
        raise NoSpreadsheet("TOO_LARGE")
    return Packed([sheet.hidden_rows() for sheet in found])


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    entry.file_size = LARGEST_UNPACKED + 2 * BLOCK  # what the archive says of itself is not believed
    with archive.open(entry) as handle:
        while block := handle.read(BLOCK):
            yield block


def _xlsx_sheets(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> list[str]:
    """Return the sheets' entries in the workbook's order."""
    targets: dict[str, str] = {}
    names: list[str] = []

    def relation(tag: str, said: Attributes) -> None:
        if tag.endswith("Relationship"):
            targets[said["Id"]] = posixpath.normpath(posixpath.join("/xl", _plain(said["Target"]))).lstrip("/")

    def sheet(tag: str, said: Attributes) -> None:
        if tag.rpartition(":")[2] == "sheet":
            names.append(next((value for name, value in said.items() if name.endswith(":id")), ""))

    for name, handler in ((RELATIONS, relation), (XLSX, sheet)):
        parser = expat.ParserCreate()
        parser.StartElementHandler = handler
        with archive.open(entries[name]) as handle:
            parser.Parse(handle.read(BLOCK), True)
    return [targets[name] for name in names]


@dataclass
class _Seen:
    last_row: int = 0
    last_column: int = 0
    cells: int = 0
    hidden: list[range] = field(default_factory=list)

    def hidden_rows(self) -> frozenset[int]:
        """Return the hidden rows down to the last one in which anything stands."""
        return frozenset(row for rows in self.hidden for row in range(rows.start, min(rows.stop, self.last_row)))


class _Walker:
    """Walks through the elements of an xlsx sheet, or of all tables of an ods."""

    def __init__(self) -> None:
        self._sheets: list[_Seen] = []
        self._row = self._rows = self._column = self._columns = self._written = 0
        self._is_counted = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._acts = {
            "worksheet": self._sheet, "table": self._sheet, "row": self._xlsx_row, "c": self._xlsx_cell, "v": self._xlsx_value, "is": self._xlsx_value,
            "table-row": self._ods_row, "table-cell": self._ods_cell, "covered-table-cell": self._ods_cell, "p": self._ods_text,
        }  # fmt: skip

    def take(self, block: bytes) -> None:
        self._parser.Parse(block, False)

    def sheets(self) -> list[_Seen]:
        self._parser.Parse(b"", True)
        return self._sheets

    def _begin(self, tag: str, said: Attributes) -> None:
        act = self._acts.get(tag.rpartition(":")[2])
        if act:
            act(said)

    def _sheet(self, said: Attributes) -> None:
        self._sheets.append(_Seen())
        self._row = self._rows = 0
        if len(self._sheets) > MOST_SHEETS:
            raise NoSpreadsheet("TOO_MANY_SHEETS")

    def _count_row(self) -> None:
        self._written += 1
        if self._written > MOST_ROWS:
            raise NoSpreadsheet("TOO_LARGE")

    def _xlsx_row(self, said: Attributes) -> None:
        self._count_row()
        self._row = int(said["r"]) if "r" in said else self._row + 1
        self._column = 0
        if said.get("hidden") in ("1", "true"):
            self._sheets[-1].hidden.append(range(self._row - 1, self._row))

    def _xlsx_value(self, _: Attributes) -> None:
        self._sheets[-1].cells += 1

    def _xlsx_cell(self, said: Attributes) -> None:
        found = PLACE.fullmatch(said["r"]) if "r" in said else None
        if "r" in said and not found:
            raise ValueError("a cell at no place")
        self._column = _column_number(found[1].upper()) if found else self._column + 1
        self._reach(max(self._row, int(found[2])) if found else self._row, self._column)

    def _ods_row(self, said: Attributes) -> None:
        self._count_row()
        self._row += self._rows
        self._rows, self._column, self._columns = _times(said, "table:number-rows-repeated"), 0, 0
        if said.get("table:visibility") in ("collapse", "filter"):
            self._sheets[-1].hidden.append(range(self._row, self._row + self._rows))

    def _ods_cell(self, said: Attributes) -> None:
        self._column += self._columns
        self._columns = _times(said, "table:number-columns-repeated")
        self._is_counted = False
        if "office:value-type" in said:
            self._ods_text(said)

    def _ods_text(self, said: Attributes) -> None:
        if self._sheets:
            self._sheets[-1].cells += 0 if self._is_counted else self._rows * self._columns
            self._is_counted = True
            self._reach(self._row + self._rows, self._column + self._columns)

    def _reach(self, row: int, column: int) -> None:
        seen = self._sheets[-1]
        seen.last_row, seen.last_column = max(seen.last_row, row), max(seen.last_column, column)


def _times(said: Attributes, name: str) -> int:
    """Return how often a row or cell is repeated."""
    times = int(said.get(name, "1"))
    if times < 0:
        raise ValueError("less often than never")
    return times


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
