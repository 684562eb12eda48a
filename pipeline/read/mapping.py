"""Proposes what the columns of unknown headers mean, for a person to accept once; an accepted header is known from then on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipeline.errors import BadDecision
from pipeline.lake import Lake
from pipeline.read import words as w
from pipeline.read.sheets import Cell, Row, Sheet, is_blank, text_of
from pipeline.read.words import Words

IDENTITY = frozenset({"full_name", "family_name", "given_name", "iin"})
ROWS_LOOKED_AT = 20
ROWS_ABOVE = 30  # a header lies near the top
ENOUGH = 0.8  # of the cells below must look the same
NAME = re.compile(r"[^\W\d_]+([ -][^\W\d_]+){1,3}\.?")
IIN_INSIDE = re.compile(r"(?<!\d)\d{4}[0-3]\d{7}(?!\d)")  # the number of an organisation has no day there
SOMEBODY = re.compile(r"(\d{1,6}[.)]? )?([^\W\d_])[^\W\d_]+[ -]([^\W\d_])[^\W\d_]*")
YEAR_INSIDE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
Accepted = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Proposal:
    """An unknown header and what its columns seem to be.

    Attributes
    ----------
    words
        By column, the header's word where it holds one we know: any other text may be somebody's name.
    """

    header_sha256: str
    columns: dict[str, int]
    words: dict[int, str]

    def cells(self) -> dict[str, Any]:
        """Return the proposal as one of those in the row that is held for them."""
        listed = [
            {"column_name": name, "column_no": at + 1, "word": self.words.get(at)}
            for name, at in sorted(self.columns.items(), key=lambda item: item[1])
        ]
        return {"header_sha256": self.header_sha256, "columns": listed}


def accepted_mappings(lake: Lake, as_of: datetime) -> Accepted:
    """Return the columns of every header that was accepted up to a moment, none if it is of no list; the last decision on a header holds.

    A header accepted opens the lists of whoever writes like that, those of S3 institutions among them.

    Raises
    ------
    BadDecision
        A line of `decisions/quarantine.jsonl` names a header and not its columns.
    """
    accepted: Accepted = {}
    by_item: dict[str, list[str]] = {}  # the headers accepted over it
    for number, row in enumerate(lake.decided("quarantine", as_of), 1):
        item = str(row.get("record_id"))
        if row.get("action") == "retry":
            for header in by_item.pop(item, []):
                accepted.pop(header, None)
        for said in row.get("headers", [row]):  # a line of one header alone may say it by itself
            if "header_sha256" not in said:
                continue
            header, columns = said["header_sha256"], said.get("columns")
            if not isinstance(header, str) or not isinstance(columns, dict):
                raise BadDecision(
                    "this decision names no header and its columns",
                    where=f"decisions/quarantine.jsonl, decision {number}",
                    todo="Restore the file from the back-up; decisions are only ever appended.",
                )
            accepted[header] = {str(name): int(at) - 1 for name, at in columns.items()}
            by_item.setdefault(item, []).append(header)
    return accepted


def is_no_list(sheet: Sheet, accepted: Accepted) -> bool:
    """Whether a person has said of a header of the sheet that it is of no list."""
    return {} in accepted.values() and any(accepted.get(header_sha256(row)) == {} for row in sheet.rows[:ROWS_ABOVE])


def header_sha256(row: Row) -> str:
    """Digest of a header as it is compared; empty cells at the end do not matter."""
    texts = [w.plain(text_of(cell) or "") for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()


def propose(sheets: list[Sheet], words: Words, latest: date) -> list[Proposal]:
    """Return the likeliest header of each sheet none of whose rows is a known one, if it looks like a list of people; like headers once."""
    found: dict[str, Proposal] = {}
    for sheet in sheets:
        if not sheet.is_hidden and (proposal := _likeliest(sheet, words, latest)):
            found.setdefault(proposal.header_sha256, proposal)
    return [*found.values()]


def _likeliest(sheet: Sheet, words: Words, latest: date) -> Proposal | None:
    found = [
        proposal
        for number, row in enumerate(sheet.rows[:ROWS_ABOVE])
        if (proposal := _proposal(row, sheet.rows[number + 1 : number + 1 + ROWS_LOOKED_AT], words, latest))
    ]
    return max(found, key=lambda proposal: (len(proposal.columns), len(proposal.words)), default=None)


def holds_people(sheet: Sheet) -> bool:
    """Whether people seem to stand on a sheet in sight: an IIN, or a row that begins with a number and a name, or a name, and has a year."""
    return not sheet.is_hidden and any(_names_somebody(w.joined(row)) for row in sheet.rows)


def _names_somebody(text: str) -> bool:
    if IIN_INSIDE.search(text):
        return True
    found = SOMEBODY.match(text)
    if not found or not (found[2] + found[3]).isupper():
        return False
    return bool(found[1] or YEAR_INSIDE.search(text))


def _proposal(row: Row, below: list[Row], words: Words, latest: date) -> Proposal | None:
    if sum(cell is not None for cell in row) < 2 or not all(isinstance(cell, str | None) for cell in row):
        return None
    if any(cell and cell[0].isdigit() for cell in row if isinstance(cell, str)):
        return None
    filled = [other for other in below if not is_blank(other)]
    columns: dict[str, int] = {}
    said: dict[int, str] = {}
    for at, cell in enumerate(row):
        by_word = _by_word(cell, words)
        if by_word:
            said[at] = by_word[1]
        name = by_word[0] if by_word else _by_content([other[at] for other in filled if at < len(other)], words, latest)
        if name == "birth_on" and name in columns:
            name = "admitted_on"
        if name:
            columns.setdefault(name, at)
    is_list = filled and len(columns) >= 2 and IDENTITY & set(columns)
    return Proposal(header_sha256(row), columns, said) if is_list else None


def _by_word(cell: Cell, words: Words) -> tuple[str, str] | None:
    """Return the column whose longest word stands in the header cell, and that word."""
    text = f" {w.plain(cell)} " if isinstance(cell, str) else ""
    inside = [word for word in words.columns if len(word) > 2 and f" {word} " in re.sub(r"[,:;/*]", " ", text)]
    exact = w.plain(cell) if isinstance(cell, str) else ""
    best = (
        exact
        if exact in words.columns
        else max(inside, key=lambda word: (words.columns[word] != "number", len(word), word), default=None)
    )
    return (words.columns[best], best) if best else None


def _by_content(cells: list[Cell], words: Words, latest: date) -> str | None:
    """Return the column that most of the cells look like."""
    known = [cell for cell in cells if cell is not None]
    if len(known) > 1 and [text_of(cell) for cell in known] == [str(number) for number in range(1, len(known) + 1)]:
        return "number"
    tests = {
        "iin": lambda cell: re.fullmatch(r"\d{12}", text_of(cell) or "") is not None,
        "birth_on": lambda cell: w.read_date(cell, latest, words)[1] == "DAY",
        "sex": lambda cell: w.read_sex(text_of(cell), words) is not None,
        "full_name": lambda cell: NAME.fullmatch(text_of(cell) or "") is not None,
    }
    for name, test in tests.items():
        if len(known) > 1 and sum(map(test, known)) >= ENOUGH * len(known):
            return name
    return None
