"""Reads stage-1 lists: finds titles, headers, rows and totals in a spreadsheet nobody made for a machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, takewhile
from typing import Any

from pipeline.read import words as w
from pipeline.read.mapping import IDENTITY, Accepted, header_sha256
from pipeline.read.sheets import Row, Sheet, is_blank, text_of
from pipeline.read.words import Words

HEADERS_NEEDED = 2
# also «12а» and «12/1» of somebody put in between
NUMBER = re.compile(r"(?:№\s*)?(\d{1,6})(?:\s?-?[^\W\d_]|[-/.]\d{1,2})?[.)]?")
COLUMN_LETTERS = frozenset("АБВABC")
COUNT = re.compile(r"(?:№\s*)?\d{1,4}")
IIN = re.compile(r"\d{12}")
SAID_OF_SOMEBODY = ("birth_on", "sex", "iin", "admitted_on", "ward", "note_code")
FILLER = re.compile(r"[\s_.\-–—…*]+")  # a line drawn for a signature, a dash for "none"
Value = str | int | bool | None
Entry = tuple[dict[str, Value], str | None]  # what a row says, and why it is held if it is


@dataclass
class Block:
    """One list within a file: a header, what stands above it, its rows and the total below; sheets are counted from 1."""

    sheet_no: int
    columns: dict[str, int]
    as_of_on: date | None = None
    drawn_up_on: date | None = None
    declared_total: int | None = None
    named: list[str] = field(default_factory=list)
    rows: list[Entry] = field(default_factory=list)


@dataclass
class _Titles:
    """Title rows seen since the last list ended."""

    as_of_on: date | None = None
    drawn_up_on: date | None = None
    named: list[str] = field(default_factory=list)
    is_site_named: bool = False

    def take(self, row: Row, words: Words) -> None:
        text = w.joined(row)
        self.drawn_up_on = self.drawn_up_on or w.date_in(words.drawn_up, text, words)
        self.as_of_on = self.as_of_on or w.date_in(words.as_of, text, words)
        code = w.site_code(text, words)
        self.named = [code] if code else self.named + w.identifiers_in(text)
        self.is_site_named = self.is_site_named or code is not None

    @property
    def begin_a_list(self) -> bool:
        return bool(self.as_of_on or self.drawn_up_on or self.named)


def read_lists(sheets: list[Sheet], words: Words, latest: date, accepted: Accepted | None = None) -> list[Block]:
    """Return the lists of a file; none if no header row is found that says where a person stands.

    Parameters
    ----------
    latest
        Nobody on the list can be born, nor be admitted, after this day.
    accepted
        Columns of headers a person has accepted, by the header's digest.
    """
    read = [
        (sheet.is_hidden, _Reading(words, latest, accepted or {}, number).read(sheet))
        for number, sheet in enumerate(sheets, start=1)
    ]
    visible = [block for is_hidden, blocks in read if not is_hidden for block in blocks]
    hidden = [block for is_hidden, blocks in read if is_hidden for block in blocks]
    if not any(IDENTITY & set(block.columns) for block in [*visible, *hidden]):
        return []
    # An older list, or one of another year, kept out of sight: its dates and its total say nothing of the list in sight.
    for block in hidden if visible else []:
        block.rows = [(entry, "HIDDEN_SHEET") for entry, _ in block.rows]
        block.as_of_on = block.drawn_up_on = block.declared_total = None
    return [*visible, *hidden]


class _Reading:
    """Walks down one sheet."""

    def __init__(self, words: Words, latest: date, accepted: Accepted, sheet_no: int) -> None:
        self.sheet_no = sheet_no
        self.words = words
        self.accepted = accepted
        self.latest = latest
        self.blocks: list[Block] = []
        self.titles = _Titles()
        self.waiting: list[tuple[Row, bool]] = []  # read as titles; what they are is told by the header below
        self.outside: list[tuple[Block, list[tuple[Row, bool]]]] = []
        self.is_ended = True
        self.ended_at = 0  # rows of the last list when its last total was met
        self.totals: list[int] = []
        self.is_total_above = False
        self.is_below_header = False
        self.note_code: str | None = None  # what the last title says of everybody below it
        self.is_note_new = True

    def read(self, sheet: Sheet) -> list[Block]:
        self.note_code = w.section_note(sheet.name, self.words)[1]
        for number, row in enumerate(sheet.rows):
            if not is_blank(row) and not numbers_columns(row):
                self._take(row, number in sheet.hidden_rows)
        self.outside += [(block, self.waiting) for block in self.blocks[-1:]]
        self.note_code = None
        for block, rows in self.outside:
            found = (self._typed_outside(row, block.columns, is_hidden) for row, is_hidden in rows)
            block.rows += [entry for entry in found if entry]
        return self.blocks

    def _take(self, row: Row, is_hidden: bool) -> None:
        columns = known_words(row, self.words)
        if self.accepted and (mapped := self.accepted.get(header_sha256(row))):
            columns = mapped
        if columns and self.is_below_header and not set(columns) & set(self.blocks[-1].columns):
            self.blocks[-1].columns |= columns  # a header of two rows: groups of columns, and their names below
            return
        self.is_below_header = len(columns) >= HEADERS_NEEDED
        first = next(cell for cell in row if cell is not None)
        if self.is_below_header:
            self._header(columns)
        elif self.blocks and isinstance(first, str) and self._is_total(row, first):
            self._end()
        elif row.count(None) == len(row) - 1 and (code := w.section_note(text_of(first) or "", self.words)[1]):
            self.note_code, self.is_note_new = code, True
            self.titles.take(row, self.words)
        elif (
            self.blocks
            and not (isinstance(first, str) and self._is_title(row, first))
            and (entry := self._entry(row, is_hidden))
        ):
            if self.titles.is_site_named:  # another site, whose header is not printed again
                self._begin(self.blocks[-1].columns)
            self.blocks[-1].rows.append(entry)
            self.is_total_above = self.is_note_new = False
        elif self.is_ended or not NUMBER.fullmatch(text_of(first) or ""):
            was_site_named = self.titles.is_site_named
            self.titles.take(row, self.words)
            if self.titles.is_site_named > was_site_named:
                self.note_code = None
            self.waiting += [(row, is_hidden)] if self.is_ended else []

    def _header(self, columns: dict[str, int]) -> None:
        """Begin a list, unless the header is only printed again at the top of a page."""
        if self.blocks and not self.titles.begin_a_list and (not self.is_ended or self.blocks[-1].columns == columns):
            self.blocks[-1].columns, self.is_ended = columns, False
        else:
            self._begin(columns)

    def _begin(self, columns: dict[str, int]) -> None:
        titles = self.titles
        self.note_code = self.note_code if self.is_note_new else None  # it was about people of the list before
        self.blocks.append(Block(self.sheet_no, columns, titles.as_of_on, titles.drawn_up_on, None, titles.named))
        self.outside.append((self.blocks[-1], self.waiting))
        self.titles, self.waiting, self.is_ended, self.ended_at = _Titles(), [], False, 0

    def _end(self) -> None:
        """Stop at a total. Who stands between two totals is on the list: the first was one of a ward."""
        rows = self.blocks[-1].rows
        for at in range(self.ended_at, len(rows)):
            entry, held = rows[at]
            if held == "OUTSIDE_LIST" and (entry["full_name_raw"] or entry["iin"]):
                rows[at] = entry, None
        self.ended_at, self.is_ended, self.note_code = len(rows), True, None

    def _is_total(self, row: Row, first: str) -> bool:
        """Whether a row is a total; add it to its list, unless it is the sum of the totals above it, of which the last stands next to it."""
        found = self.words.totals.match(first)
        if not found:
            return False
        number = w.total_in(row, found.end())
        if number is None:
            return True
        sums = takewhile(number.__ge__, accumulate(reversed(self.totals)))
        if not (self.is_total_above and number in sums):
            block = self.blocks[-1]
            block.declared_total = (block.declared_total or 0) + number
            self.totals.append(number)
        self.is_total_above = True
        return True

    def _is_title(self, row: Row, first: str) -> bool:
        """Whether a row within a list says of which site, or of when, the rows below are."""
        if self.words.site.match(first):
            return True
        is_alone = row.count(None) == len(row) - 1 and any(map(str.isdigit, first))
        return is_alone and bool(w.CODE.search(first) or self._is_dated(w.joined(row)))

    def _is_dated(self, text: str) -> bool:
        return bool(w.date_in(self.words.as_of, text, self.words) or w.date_in(self.words.drawn_up, text, self.words))

    def _entry(self, row: Row, is_hidden: bool) -> Entry | None:
        """Return a row of people, and why it is held if it is; None for a row that is none."""
        cells = _cells(row, self.blocks[-1].columns)
        entry = self._read(cells)
        entry["is_hidden"] = is_hidden
        section = self._section(row)
        if section == "TITLE":
            self.note_code = None
            return None
        is_numbered = entry["entry_no"] is not None
        has_identity = entry["family_name"] or entry["given_name"] or entry["iin"]
        is_titled = _has_word_for_number(cells) and not any(
            entry[key] for key in ("iin", "birth_on", "sex", "admitted_on")
        )
        # «6 (нов.)» is a number all the same where a name and a ward stand beside it
        if is_titled and not (has_identity and entry["ward"] and (text_of(cells["number"]) or "")[:1].isdigit()):
            return None
        if self.is_ended and not (is_numbered and has_identity):
            return self._typed_outside(row, self.blocks[-1].columns, is_hidden, is_below=True)
        entry["note_code"] = entry["note_code"] or self.note_code
        if not has_identity:
            if is_numbered and entry["birth_on"]:
                return entry, "NO_IDENTITY"
            filled = sum(text is not None and not FILLER.fullmatch(text) for text in map(text_of, row))
            return None if filled <= (2 if is_numbered else 1) else (entry, "NO_IDENTITY")
        return entry, "NO_IDENTITY" if section == "UNSURE" else None

    def _section(self, row: Row) -> str | None:
        """Tell a title between the rows, TITLE, and one that may as well be somebody's name, UNSURE, by its words; beside it stand at most counts."""
        title = _lone_title(row)
        if title is None:
            return None
        has_word, has_no_other = w.section_words(title, self.words)
        has_note, _ = w.section_note(title, self.words)
        is_name = w.is_like_name(w.numbered_name(title)[1])
        if not has_note and (has_no_other or (has_word and not is_name)):
            return "TITLE"
        is_alone = row.count(None) == len(row) - 1
        return "UNSURE" if has_note or (is_alone and (has_word or not is_name)) else None

    def _typed_outside(
        self, row: Row, columns: dict[str, int], is_hidden: bool, *, is_below: bool = False
    ) -> Entry | None:
        """Return a row above the header or below the totals that looks like somebody, held unless it is beyond doubt; else None."""
        if self._is_dated(w.joined(row)):
            return None
        cells = _cells(row, columns)
        entry = {**self._read(cells), "is_hidden": is_hidden, "is_outside": True}
        is_numbered = entry["entry_no"] is not None
        has_iin = bool(IIN.fullmatch(str(entry["iin"])))
        has_name = bool(entry["family_name"] or entry["given_name"])
        has_birth = entry["birth_date_precision"] == "DAY"
        is_somebody = sum((is_numbered, has_name, has_birth)) >= 2
        if is_below and has_name:  # a ward's people may follow its neighbour's total
            is_somebody = is_somebody or any(entry[key] for key in SAID_OF_SOMEBODY)
        if not has_iin and (not is_somebody or _has_word_for_number(cells)):
            return None
        is_sure = has_name and (has_iin or (is_numbered and has_birth))
        entry["note_code"] = entry["note_code"] or self.note_code
        return entry, None if is_sure else "OUTSIDE_LIST"

    def _read(self, cells: dict[str, Any]) -> dict[str, Value]:
        texts = {column: _filled(text_of(cell)) for column, cell in cells.items()}
        number = NUMBER.fullmatch(texts.get("number") or "")
        number_before, full_name = w.numbered_name(texts.get("full_name") or "")
        number_in_part, family_name = w.numbered_name(texts.get("family_name") or "")
        parts = (family_name or None, texts.get("given_name"), texts.get("patronymic"))
        family, given, patronymic = w.split_name(full_name) if full_name else parts
        birth_on, precision = w.read_date(cells.get("birth_on"), self.latest, self.words)
        admitted_on, _ = w.read_date(cells.get("admitted_on"), self.latest, self.words)
        note = texts.get("note")
        unread = (texts.get("birth_on") and not birth_on) or (texts.get("admitted_on") and not admitted_on)
        sex = w.read_sex(texts.get("sex"), self.words)
        return {
            "entry_no": int(number[1]) if number else number_before or number_in_part,
            "iin": w.read_iin(cells.get("iin")),
            "full_name_raw": full_name or " ".join(filter(None, parts)) or None,
            "family_name": family,
            "given_name": given,
            "patronymic": patronymic,
            "sex": sex,
            "birth_on": birth_on.isoformat() if birth_on else None,
            "birth_date_precision": precision,
            "admitted_on": admitted_on.isoformat() if admitted_on else None,
            "ward": texts.get("ward"),
            "note_code": w.note_code(note, self.words) if note else None,
            "is_set_aside": bool(unread or (texts.get("sex") and sex is None)),
        }


def _lone_title(row: Row) -> str | None:
    """Return the only text of a row beside which stand at most counts, as titles between rows do."""
    filled = [text for text in map(text_of, row) if text and _filled(text)]
    titles = [text for text in filled if any(map(str.isalpha, text))]
    if len(titles) != 1 or not all(COUNT.fullmatch(text) for text in filled if text != titles[0]):
        return None
    return titles[0]


def _has_word_for_number(cells: dict[str, Any]) -> bool:
    """Whether a word stands where the row's number should, as in titles and signatures."""
    number = text_of(cells.get("number")) or ""
    return any(map(str.isalnum, number)) and not NUMBER.fullmatch(number)


def _cells(row: Row, columns: dict[str, int]) -> dict[str, Any]:
    return {column: row[at] if at < len(row) else None for column, at in columns.items()}


def known_words(row: Row, words: Words) -> dict[str, int]:
    """Return which known column stands where if the row has nothing but words; the first of two like columns counts."""
    found: dict[str, int] = {}
    for cell in row:
        if cell is not None and (not isinstance(cell, str) or cell[0].isdigit()):
            return found
    for at, cell in enumerate(row):
        if isinstance(cell, str) and (column := words.columns.get(w.plain(cell))):
            found.setdefault(column, at)
    return found


def numbers_columns(row: Row) -> bool:
    """Whether a row does nothing but number the columns, 1 2 3 … or А Б 1 2 …, as forms do below their header."""
    texts = [text_of(cell) for cell in row if cell is not None]
    while texts and texts[0] in COLUMN_LETTERS:
        texts.pop(0)
    return len(texts) >= HEADERS_NEEDED and texts == [str(number) for number in range(1, len(texts) + 1)]


def _filled(text: str | None) -> str | None:
    return None if text is None or (not text[:1].isalnum() and FILLER.fullmatch(text)) else text
