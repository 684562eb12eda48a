"""Review on paper that is none: an encrypted workbook two people work on, which expires, and the way back of what they decided.

A pair takes three lines: what the one record says, signs, what the other says; in the line of signs the two people choose.
"""

from __future__ import annotations

import io
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineError, CalamineWorkbook

from pipeline.desk.review import FIELDS, Compared, Review, Word
from pipeline.desk.room import Row, require_nameless, require_note
from pipeline.desk.words import Language, say, texts
from pipeline.errors import BadDecision, BadSetting
from pipeline.lake import Clock, in_utc, system_clock
from pipeline.resolve.decisions import VERDICTS

HEAD, FIRST = 4, 5
PAIR, REASON = 2, len(FIELDS) + 3
SCORE, ONE, OTHER, NOTE = REASON + 1, REASON + 2, REASON + 3, REASON + 4
WIDTHS = (5, 13, 18, 16, 18, 12, 7, 15, 13, 25, 28, 38, 7, 15, 15, 30)
COLOURS: dict[int | None, str] = {1: "FFF2CC", 0: "EDEDED", -1: "F8CBAD"}
SHORTEST_PASSWORD = 10
EXPORTED = "review export"


def export(
    review: Review, rows: list[Row], file: Path, password: str, by: str, *, days: int, language: Language
) -> Row:
    """Write pairs into a workbook only the password opens, and note who took them out, until when.

    Raises
    ------
    BadDecision
        One of the pairs touches an S3 institution, or `by` is nobody of the Department.
    BadSetting
        The password is too short, or the file is there already.
    """
    if file.exists():
        raise BadSetting(
            "there is such a file already",
            where=file.name,
            todo="Name another: somebody may have begun to fill that one.",
        )
    if any(row["needs_two"] for row in rows):
        raise BadDecision(
            "a pair touches an S3 institution", where=EXPORTED, todo="Review it with `sanaq review --s3`."
        )
    if len(password) < SHORTEST_PASSWORD:
        raise BadSetting(
            f"the password is shorter than {SHORTEST_PASSWORD} characters",
            where="SANAQ_SHEET_PASSWORD, or what was typed",
            todo="Take a longer one; tell it by another way than the file goes.",
        )
    sheet_id, until = secrets.token_hex(4), system_clock() + timedelta(days=days)
    cases = {row["pair_id"]: [row["left_case_id"], row["right_case_id"]] for row in rows}
    compared = review.compared(list(cases), by, EXPORTED, sheet_id=sheet_id, expires_at=until.isoformat(), cases=cases)
    book = Workbook()
    _fill(review, book.worksheets[0], rows, compared, sheet_id, until, language)
    with review.spilling(), io.BytesIO() as plain, io.BytesIO() as closed:
        book.save(plain)
        OOXMLFile(plain).encrypt(password, closed)
        _write(file, closed.getvalue())
    return {"file": str(file), "sheet_id": sheet_id, "pairs": len(rows), "expires_at": until.isoformat()}


def take_back(review: Review, file: Path, password: str, by: list[str], clock: Clock) -> Row:
    """Take the decisions of a workbook back: none if one line cannot be taken. Cut short while they are written, import it again.

    Parameters
    ----------
    by
        The person of the first column, and of the second if it is filled.
    clock
        Gives the moment of the decisions. Whether the sheet expired the machine's own clock says.

    Raises
    ------
    BadDecision
        The workbook is none of ours, expired, or lines of it cannot be taken; `where` names them.
    """
    lines = _opened(file, password)
    taken_out = review.taken_out(str(lines[0][PAIR - 1]) if lines and len(lines[0]) >= PAIR else "")
    if taken_out is None:
        raise _refused(file, "no such sheet was exported from this lake", "Export a new one: `sanaq review export`.")
    if system_clock() > datetime.fromisoformat(taken_out["expires_at"]):
        raise _refused(
            file, f"the sheet expired, {in_utc(taken_out['expires_at'])}", "Destroy it and export a new one."
        )
    if len(by) != len(set(by)) or len(by) > 2:
        raise _refused(file, "the two columns are two different people", "Give --by once for each column, in order.")
    words, problems = _read(review, lines, taken_out, by)
    if problems:
        where = "; ".join(f"row {number}: {problem}" for number, problem in problems[:20])
        raise _refused(
            file, f"{len(problems)} lines cannot be taken, nothing was", f"Mend them and import again. {where}"
        )
    new = review.decide(words, clock)
    return {
        "sheet_id": taken_out["sheet_id"],
        "decided": new,
        "said_before": len(words) - new,
        **dict(sorted(Counter(word.verdict for word in words).items())),
        "disagreements": review.disputed(taken_out["cases"]),
    }


def _fill(
    review: Review, sheet: Worksheet, rows: list[Row], compared: dict[str, list[Compared]], sheet_id: str, until: datetime, language: Language
) -> None:  # fmt: skip
    def words(key: str, **values: object) -> str:
        return say(language, "sheet", key, **values)

    sheet.title = "review"
    for number, text in enumerate((words("title"), words("valid", until=f"{until:%d.%m.%Y %H:%M} UTC", sheet=sheet_id), words("how")), 1):  # fmt: skip
        _put(sheet, number, PAIR + 1, text).font = Font(bold=number < 3, size=14 if number == 1 else 11)
    _put(sheet, 1, PAIR, sheet_id).font = Font(color="808080")
    names = [say(language, "field", name) for name in FIELDS]
    tail = [words(name) for name in ("reason", "score", "first", "second", "why")]
    for column, text in enumerate([words("number"), words("pair"), *names, *tail], 1):
        cell = _put(sheet, HEAD, column, text)
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = WIDTHS[column - 1]
    choice = DataValidation(type="list", formula1=f'"{",".join(say(language, "verdict", each) for each in VERDICTS)}"')
    choice.error, choice.showErrorMessage = words("choose"), True
    if rows:
        sheet.add_data_validation(choice)
    for number, row in enumerate(rows, 1):
        at = FIRST + 3 * (number - 1)
        fields = [each.worded(language) for each in compared[row["pair_id"]]]
        _fill_pair(sheet, at, fields)
        head = [str(number), f"{row['pair_id']}-{_seal(review, sheet_id, row['pair_id'], fields)}"]
        score = "" if row["score"] is None else str(row["score"])
        for column, text in zip((1, PAIR, REASON, SCORE), [*head, say(language, "reason", row["reason"]), score], strict=True):  # fmt: skip
            _put(sheet, at + 1, column, text)
        for column in (ONE, OTHER, NOTE):
            cell = _put(sheet, at + 1, column, "")
            cell.protection, cell.fill = Protection(locked=False), PatternFill("solid", fgColor="E2EFDA")
        choice.add(f"{sheet.cell(at + 1, ONE).coordinate}:{sheet.cell(at + 1, OTHER).coordinate}")
    sheet.freeze_panes = sheet.cell(FIRST, PAIR + 1).coordinate
    sheet.protection.sheet = True
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]  # openpyxl makes it


def _fill_pair(sheet: Worksheet, at: int, fields: list[Compared]) -> None:
    for column, each in enumerate(fields, PAIR + 1):
        colour = COLOURS.get(each.likeness)
        for line, text in enumerate((each.left, each.sign, each.right)):
            cell = _put(sheet, at + line, column, text)
            if colour:
                cell.fill = PatternFill("solid", fgColor=colour)
            cell.alignment = Alignment(horizontal="center" if line == 1 else "left")
    for column in range(1, NOTE + 1):
        sheet.cell(at, column).border = Border(top=Side(style="medium"))


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    """Write a text as a text: whatever it begins with, no spreadsheet takes it for a formula."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text) or None
    if cell.value is not None:
        cell.data_type, cell.quotePrefix = "s", True
    return cell


def _seal(review: Review, sheet_id: str, pair_id: str, fields: list[Compared]) -> str:
    """A keyed digest of a pair as it is shown: neither its id nor its words can be altered unseen."""
    return _seal_of(review, sheet_id, pair_id, [side for each in fields for side in (each.left, each.right)])


def _seal_of(review: Review, sheet_id: str, pair_id: str, shown: list[str]) -> str:
    told = [" ".join(ILLEGAL_CHARACTERS_RE.sub("", text).split()) for text in shown]
    return review.keyed(json.dumps([sheet_id, pair_id, *told]))[:8]


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(f".{file.name}.part")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(file)


def _opened(file: Path, password: str) -> list[list[Any]]:
    """Return the lines of the encrypted workbook's first sheet."""
    try:
        with file.open("rb") as closed, io.BytesIO() as plain:
            office = msoffcrypto.OfficeFile(closed)
            office.load_key(password=password, verify_password=True)
            office.decrypt(plain, verify_integrity=True)
            sheet = CalamineWorkbook.from_filelike(io.BytesIO(plain.getvalue())).get_sheet_by_index(0)
            return [list(line) for line in sheet.to_python(skip_empty_area=False)]
    except InvalidKeyError:
        problem = "the password does not open it"
    except (DecryptionError, FileFormatError, CalamineError, OSError, ValueError, KeyError, TypeError):
        problem = "it is no encrypted workbook, or damaged"
    raise _refused(file, problem, "Give the file as it was exported, saved with its password, and that password.")


def _read(
    review: Review, lines: list[list[Any]], taken_out: Row, by: list[str]
) -> tuple[list[Word], list[tuple[int, str]]]:
    known = _known_words()
    words: list[Word] = []
    problems: list[tuple[int, str]] = []
    seen: set[str] = set()
    for number, above, line, below in _pairs(lines):
        pair_id = str(line[PAIR - 1])[:12]
        sides = [str(text) for both in zip(above, below, strict=True) for text in both]
        seal = _seal_of(review, taken_out["sheet_id"], pair_id, sides)
        if pair_id not in taken_out["cases"] or str(line[PAIR - 1]) != f"{pair_id}-{seal}":
            problems.append((number, "the pair's id or what it shows was altered"))
            continue
        if pair_id in seen:
            problems.append((number, "the pair is there twice"))
        seen.add(pair_id)
        why = " ".join("".join(each if each.isprintable() else " " for each in str(line[NOTE - 1])).split()) or None
        try:
            if why:
                require_note(why)
                require_nameless(why, sides[: 2 * FIELDS.index("sex")])
        except BadDecision as refused:
            problems.append((number, refused.what))
        for column, said in enumerate((line[ONE - 1], line[OTHER - 1])):
            text = str(said).strip().casefold()
            if not text:
                continue
            if text not in known:
                problems.append((number, "this is no verdict"))
            elif column >= len(by):
                problems.append((number, "the second column is filled, and --by names one person only"))
            else:
                words.append(Word(tuple(taken_out["cases"][pair_id]), known[text], by[column], why))
    return words, problems


def _pairs(lines: list[list[Any]]) -> Iterator[tuple[int, list[Any], list[Any], list[Any]]]:
    """Give each line that bears a pair's id: its number, what the line above and below show, and the line itself."""
    wide = [(line + [""] * NOTE)[:NOTE] for line in [*lines, []]]
    for at in range(HEAD, len(wide) - 1):
        if wide[at][PAIR - 1] not in ("", None):
            shown = slice(PAIR, PAIR + len(FIELDS))
            yield at + 1, wide[at - 1][shown], wide[at], wide[at + 1][shown]


def _known_words() -> dict[str, str]:
    """Every way to say a verdict, in any of the languages."""
    labels = {word.casefold(): verdict for verdict, words in texts()["verdict"].items() for word in words.values()}
    return labels | {verdict: verdict for verdict in VERDICTS}


def _refused(file: Path, what: str, todo: str) -> BadDecision:
    return BadDecision(what, where=file.name, todo=todo)
