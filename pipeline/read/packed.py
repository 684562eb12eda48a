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

LARGEST_UNPACKED = 256 * 1024 * 1024
MOST_ENTRIES = 4000
MOST_SHEETS = 200
LARGEST_AREA = 4_000_000  # cells of all sheets, empty ones between filled ones included
BLOCK = 1 << 20
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
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise NoSpreadsheet("TOO_LARGE")
            sheets = _xlsx_sheets(archive) if "xl/workbook.xml" in archive.namelist() else ["content.xml"]
            return _walked(archive, entries, sheets)
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        OSError,
        ValueError,
        KeyError,
        NotImplementedError,
        EOFError,
        RuntimeError,
    ):
        raise NoSpreadsheet("NOT_A_SPREADSHEET") from None


def _walked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], sheets: list[str]) -> Packed:
    left, seen = LARGEST_UNPACKED, {}
    for entry in entries:
        walker = _Walker() if entry.filename in sheets else None
        for block in _unpacked(archive, entry):
            left -= len(block)
            if left < 0:
                raise NoSpreadsheet("TOO_LARGE")
            if walker:
                walker.take(block)
        if walker:
            seen[entry.filename] = walker.sheets()
    found = [sheet for name in sheets for sheet in seen.get(name) or [_Seen()]]
    if len(found) > MOST_SHEETS:
        raise NoSpreadsheet("TOO_MANY_SHEETS")
    if sum(sheet.last_row * sheet.last_column for sheet in found) > LARGEST_AREA:
        raise NoSpreadsheet("TOO_LARGE")
    return Packed([frozenset(sheet.hidden) for sheet in found])


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    entry.file_size = LARGEST_UNPACKED + 2 * BLOCK  # what the archive says of itself is not believed
    with archive.open(entry) as handle:
        while block := handle.read(BLOCK):
            yield block


def _xlsx_sheets(archive: zipfile.ZipFile) -> list[str]:
    """Return the sheets' entries in the workbook's order."""
    targets: dict[str, str] = {}
    names: list[str] = []

    def relation(tag: str, said: Attributes) -> None:
        if tag.endswith("Relationship"):
            targets[said["Id"]] = posixpath.normpath(posixpath.join("/xl", said["Target"])).lstrip("/")

    def sheet(tag: str, said: Attributes) -> None:
        if tag.rpartition(":")[2] == "sheet":
            names.append(next((value for name, value in said.items() if name.endswith(":id")), ""))

    for name, handler in (("xl/_rels/workbook.xml.rels", relation), ("xl/workbook.xml", sheet)):
        parser = expat.ParserCreate()
        parser.StartElementHandler = handler
        with archive.open(name) as handle:
            parser.Parse(handle.read(BLOCK), True)
    return [targets[name] for name in names]


@dataclass
class _Seen:
    last_row: int = 0
    last_column: int = 0
    hidden: set[int] = field(default_factory=set)


class _Walker:
    """Walks through the elements of an xlsx sheet, or of all tables of an ods."""

    def __init__(self) -> None:
        self._sheets: list[_Seen] = []
        self._row = self._rows = self._column = self._columns = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._acts = {
            "worksheet": self._sheet, "table": self._sheet, "row": self._xlsx_row, "c": self._xlsx_cell, "table-row": self._ods_row,
            "table-cell": self._ods_cell, "covered-table-cell": self._ods_cell, "p": self._ods_text,
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

    def _xlsx_row(self, said: Attributes) -> None:
        self._row = int(said["r"]) if "r" in said else self._row + 1
        self._column = 0
        if said.get("hidden") in ("1", "true"):
            self._sheets[-1].hidden.add(self._row - 1)

    def _xlsx_cell(self, said: Attributes) -> None:
        found = PLACE.fullmatch(said["r"]) if "r" in said else None
        if "r" in said and not found:
            raise ValueError("a cell at no place")
        self._column = _column_number(found[1].upper()) if found else self._column + 1
        self._reach(max(self._row, int(found[2])) if found else self._row, self._column)

    def _ods_row(self, said: Attributes) -> None:
        self._row += self._rows
        self._rows, self._column, self._columns = int(said.get("table:number-rows-repeated", "1")), 0, 0
        if said.get("table:visibility") in ("collapse", "filter") and self._rows < LARGEST_AREA:
            self._sheets[-1].hidden.update(range(self._row, self._row + self._rows))

    def _ods_cell(self, said: Attributes) -> None:
        self._column += self._columns
        self._columns = int(said.get("table:number-columns-repeated", "1"))
        if "office:value-type" in said:
            self._ods_text(said)

    def _ods_text(self, said: Attributes) -> None:
        if self._sheets:
            self._reach(self._row + self._rows, self._column + self._columns)

    def _reach(self, row: int, column: int) -> None:
        seen = self._sheets[-1]
        seen.last_row, seen.last_column = max(seen.last_row, row), max(seen.last_column, column)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
