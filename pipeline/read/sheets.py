"""Opens spreadsheets as institutions make them: xlsx, xls, ods, or delimited text in whatever encoding the office uses.

Formulas are not evaluated; a formula cell is the value the workbook remembers for it.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import python_calamine

from pipeline.read.compound import hidden_rows, require_sound_chains
from pipeline.read.packed import LARGEST_AREA, MOST_CELLS, MOST_SHEETS, NoSpreadsheet, look_through

__all__ = ["NoSpreadsheet", "Row", "Sheet", "is_blank", "open_sheets", "text_of"]

Cell = str | int | float | bool | date | datetime | time | timedelta | None
Row = list[Cell]

PACKED, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # xlsx and ods; xls
LARGEST_XLS = 64 * 1024 * 1024
LARGEST_TEXT = 16 * 1024 * 1024
MOST_ROWS = 200_000  # with anything in them, of all sheets
LONGEST_CELL = 32_767  # what a spreadsheet program holds
DELIMITERS = (";", "\t", ",", "|")
SEPARATOR = re.compile(r"sep=(.)\r?\n")  # how a spreadsheet program is told the delimiter
NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a]")
LINES_IN_A_CELL = 5  # an office writes no more; beyond it an unpaired quote has swallowed the rows after it


@dataclass(frozen=True)
class Sheet:
    """One sheet; cells without content are None.

    Attributes
    ----------
    hidden_rows
        Rows, counted from 0, that whoever opens the file does not see.
    """

    name: str
    rows: list[Row]
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()


def open_sheets(path: Path) -> list[Sheet]:
    """Read every sheet of a file, telling its kind by its bytes and not by its name.

    Raises
    ------
    NoSpreadsheet
        The file is empty, damaged, too large when unpacked, or something else.
    """
    sheets = _opened(path)
    if sum(not is_blank(row) for sheet in sheets for row in sheet.rows) > MOST_ROWS:
        raise NoSpreadsheet("TOO_LARGE")
    return sheets


def _opened(path: Path) -> list[Sheet]:
    with path.open("rb") as handle:
        head = handle.read(4)
    if not head:
        raise NoSpreadsheet("EMPTY_FILE")
    if head == PACKED:
        return _workbook(path, look_through(path).hidden_rows)
    if path.stat().st_size > (LARGEST_XLS if head == COMPOUND else LARGEST_TEXT):
        raise NoSpreadsheet("TOO_LARGE")
    if head == COMPOUND:
        require_sound_chains(path)
        return _workbook(path, hidden_rows(path))
    return [Sheet("", _delimited(_decoded(path.read_bytes())))]


def _workbook(path: Path, hidden: list[frozenset[int]]) -> list[Sheet]:
    """Read every sheet; one that holds no cells, a chart for instance, is left out."""
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            known = book.sheets_metadata
            if len(known) > MOST_SHEETS:
                raise NoSpreadsheet("TOO_MANY_SHEETS")
            return [
                Sheet(
                    one.name,
                    _rows(book.get_sheet_by_index(number).to_python(skip_empty_area=False)),
                    one.visible != python_calamine.SheetVisibleEnum.Visible,
                    hidden[number] if number < len(hidden) else frozenset(),
                )
                for number, one in enumerate(known)
                if one.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
    except (NoSpreadsheet, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # noqa: BLE001  # a torn file makes the engine panic, which is no Exception
        raise NoSpreadsheet("NOT_A_SPREADSHEET") from None


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    elif content.count(0) * 8 > len(content):  # UTF-16 without its mark: half of every digit and delimiter is empty
        encodings = ("utf-16-le",) if content[1::2].count(0) > content[::2].count(0) else ("utf-16-be",)
    else:
        encodings = (
            "utf-8-sig",
            "kz1048",
        )  # Windows-1251 with the Kazakh letters where it has Serbian and Ukrainian ones
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not NOT_TEXT.search(text):
            return text
    raise NoSpreadsheet("NOT_A_SPREADSHEET")


def _delimited(text: str) -> list[Row]:
    told = SEPARATOR.match(text)
    if told:
        text = text[told.end() :]
    if max(map(text.count, (told[1],) if told else DELIMITERS)) + text.count("\n") > LARGEST_AREA:
        raise NoSpreadsheet("TOO_LARGE")
    best = told[1] if told else max(DELIMITERS, key=lambda delimiter: _cuts(text, delimiter))
    rows = _parsed(text, best, csv.QUOTE_MINIMAL)
    width = text.partition("\n")[0].count(best)
    if any(_has_swallowed(cell, best, width) for row in rows for cell in row if "\n" in cell):
        rows = _parsed(text, best, csv.QUOTE_NONE)
    return _rows(rows)


def _cuts(text: str, delimiter: str) -> int:
    """Return how often a delimiter parts two cells."""
    if delimiter not in text:
        return 0
    return sum(len(row) - 1 for row in _parsed(text, delimiter, csv.QUOTE_MINIMAL) if row)


def _has_swallowed(cell: str, delimiter: str, width: int) -> bool:
    """Whether a cell goes on into what looks like the rows after it: a number alone, or as many delimiters as the first line has."""
    end = re.escape(delimiter)
    blanks, digits = (rf"(?:(?!{end})\{kind})*+" for kind in "sd")  # nothing is looked at twice
    return (
        cell.count("\n") > LINES_IN_A_CELL
        or re.search(rf"\n{blanks}{digits}{blanks}{end}", cell) is not None
        or any(line.count(delimiter) >= max(width, 2) for line in cell.split("\n")[1:])
    )


def _parsed(text: str, delimiter: str, quoting: Literal[0, 3]) -> list[list[str]]:
    csv.field_size_limit(max(131072, len(text) + 1))
    rows, filled = [], 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting):
            filled += len(row) - row.count("")
            if filled > MOST_CELLS:
                raise NoSpreadsheet("TOO_LARGE")
            rows.append(row)
    except csv.Error:
        raise NoSpreadsheet("NOT_A_SPREADSHEET") from None
    return rows


def _rows(rows: list[list[Any]]) -> list[Row]:
    return [[_clean(cell) for cell in row] for row in rows]


def _clean(cell: Cell) -> Cell:
    if isinstance(cell, str):
        if len(cell) > LONGEST_CELL:
            raise NoSpreadsheet("TOO_LARGE")
        return cell.strip("\ufeff\u00a0 \t\r\n") or None
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell


def text_of(cell: Cell) -> str | None:
    """Return a cell as text: dates as YYYY-MM-DD, times as HH:MM, whole numbers without a point, booleans as true and false."""
    if cell is None or isinstance(cell, str):
        return cell
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
    return row.count(None) == len(row)
