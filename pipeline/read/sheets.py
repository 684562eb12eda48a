"""Opens spreadsheets as institutions make them: xlsx, or delimited text in whatever encoding the office uses.

Formulas are not evaluated; a formula cell is the value the workbook remembers for it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import python_calamine

Cell = str | int | float | bool | date | datetime | time | timedelta | None
Row = list[Cell]

LARGEST_UNPACKED = 512 * 1024 * 1024
DELIMITERS = (";", "\t", ",")
NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a]")
LINES_IN_A_CELL = 5  # an office writes no more; beyond it an unpaired quote has swallowed the rows after it


@dataclass(frozen=True)
class Sheet:
    """One sheet; cells without content are None."""

    name: str
    rows: list[Row]


class NoSpreadsheet(Exception):  # control flow: the caller makes it an unreadable record
    """The bytes are no spreadsheet; the code says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def open_sheets(path: Path) -> list[Sheet]:
    """Read every sheet of a file, telling its kind by its bytes and not by its name.

    Raises
    ------
    NoSpreadsheet
        The file is empty, damaged, too large when unpacked, or something else.
    """
    with path.open("rb") as handle:
        head = handle.read(4)
    if not head:
        raise NoSpreadsheet("EMPTY_FILE")
    if head == b"PK\x03\x04":
        return _workbook(path)
    return [Sheet("", _delimited(_decoded(path.read_bytes())))]


def _workbook(path: Path) -> list[Sheet]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_UNPACKED:
                raise NoSpreadsheet("TOO_LARGE")
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            return [
                Sheet(name, _rows(book.get_sheet_by_name(name).to_python(skip_empty_area=False)))
                for name in book.sheet_names
            ]
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError):
        raise NoSpreadsheet("NOT_A_SPREADSHEET") from None


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1251")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not NOT_TEXT.search(text):
            return text
    raise NoSpreadsheet("NOT_A_SPREADSHEET")


def _delimited(text: str) -> list[Row]:
    best = max(
        DELIMITERS, key=lambda delimiter: sum(len(row) - 1 for row in _parsed(text, delimiter, csv.QUOTE_MINIMAL))
    )
    rows = _parsed(text, best, csv.QUOTE_MINIMAL)
    swallowed = re.compile(rf"\n\s*\d*\s*{re.escape(best)}")  # a cell that goes on into what looks like the next row
    if any(
        cell.count("\n") > LINES_IN_A_CELL or swallowed.search(cell) for row in rows for cell in row if "\n" in cell
    ):
        rows = _parsed(text, best, csv.QUOTE_NONE)
    return _rows(rows)


def _parsed(text: str, delimiter: str, quoting: Literal[0, 3]) -> list[list[str]]:
    csv.field_size_limit(max(131072, len(text) + 1))
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting))
    except csv.Error:
        raise NoSpreadsheet("NOT_A_SPREADSHEET") from None


def _rows(rows: list[list[Any]]) -> list[Row]:
    return [[_clean(cell) for cell in row] for row in rows]


def _clean(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return cell.strip("\ufeff\u00a0 \t\r\n") or None
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell


def text_of(cell: Cell) -> str | None:
    """Return a cell as text: dates as YYYY-MM-DD, times as HH:MM, whole numbers without a point, booleans as true and false."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat(timespec="minutes")
    return str(cell)


def is_blank(row: Row) -> bool:
    """Whether a row has no content."""
    return all(cell is None for cell in row)
