"""Reads the words and dates of office papers: headers, titles, sexes, notes, in Kazakh, Russian and English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.read.sheets import Cell, Row, text_of

DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})")
YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
MONTH_YEAR = re.compile(r"(\d{1,2})[./](\d{4})")
YEAR = re.compile(r"(1[89]\d\d|20\d\d)")
WORDED_DAY = re.compile(r"[«\"]?\s*(\d{1,2})\s*[»\"]?[\s.\-/]*([^\W\d_]{3,})[\s.,\-/]+(\d{4})")
WORDED_DAY_LAST = re.compile(
    r"(\d{4})\s*(?:г|года|ж|жыл[^\W\d_]*)?[\s.,]*[«\"]?\s*(\d{1,2})\s*[»\"]?[\s\-]*([^\W\d_]{3,})"
)
WORDED_MONTH = re.compile(r"([^\W\d_]{3,})[\s.,]+(?:(\d{1,2})[\s,]+)?(\d{4})")  # the day in between, as in English
YEAR_SIGN = re.compile(r"\s*(?:г|ж|года|года рождения|г\s?\.?\s?р|жылы)?\.?\s*$", re.IGNORECASE)
CLOCK = re.compile(r"[\sT]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?$")
DAY_ZERO = date(1899, 12, 30)  # of spreadsheet programs, where a date without its format is a number of days
SERIAL_DAYS = range(2100, 73_051)  # below it a number is a year; above it is no day of this century
DATE_IN_TEXT = (
    r"\s*«?\s*(\d{1,2}\.\d{1,2}\.\d{4}|\d{4}-\d{2}-\d{2}|\d{1,2}\s*»?\s+[^\W\d_]{3,}\s+\d{4}|\d{4}\s+жыл[^\W\d_]*\s+\d{1,2}\s+[^\W\d_]{3,})"
    r"\s*»?"
)
PATRONYMIC_PARTICLES = frozenset({"ұлы", "қызы", "улы", "кызы", "оглы", "оғлы", "кизи", "uly", "qyzy", "kyzy", "ogly"})
NAME_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[-'’`.])*(?:[^\W\d_]|\.)")
TITLE_PART = re.compile(r"\d[\w-]*|[^\W\d_]+\.?")
NUMBER_BEFORE = re.compile(r"(\d{1,6})\s*([.)])?\s*(?=[^\W\d_])")
LONGEST_DATE = 64
LONGEST_TITLE = 200  # a longer text is no title, and blanks in it are looked at again and again
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
YEAR_ALONE = re.compile(r"\b20\d\d\b(?!\.\d)(?:\s*(?:год[ау]?|г\.?|жыл\w*))?")
ONE_OF_SEVERAL = re.compile(r"\d|[,/+;]|\b(?:и|или|және|мен|пен|бен|and|or)\b", re.IGNORECASE)
ZEROS_LOST = re.compile(r"[0-9]{9,11}")  # who was born in 2000 has two at least, and mostly three
# how an identifier begins that is no number
CODE = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]+[._-]*\d|\d+[._-]*[A-Za-z])")
DATE = re.compile(DATE_IN_TEXT)
TOTAL = re.compile(r"(?<!\d)\d{1,6}(?!\d)")
TOTAL_SAID = re.compile(r"(?::|=|\s[-–—])\s*(\d{1,6})(?!\d)")
TOTAL_CLAUSE = re.compile(r"\D*\d(?:[^,;(]|,(?=\d))*")  # behind it: how many of them are what


@dataclass(frozen=True)
class Words:
    """The words of `list_headers.yaml`, ready to be looked up."""

    columns: dict[str, str]
    totals: re.Pattern[str]
    sections: frozenset[str]
    site: re.Pattern[str]
    as_of: tuple[re.Pattern[str], ...]
    drawn_up: tuple[re.Pattern[str], ...]
    sexes: dict[str, int]
    months: dict[str, int]
    notes: tuple[tuple[str, re.Pattern[str]], ...]
    kin: re.Pattern[str]
    still_here: re.Pattern[str]
    section_notes: dict[str, str]


@cache
def load_words(path: Path) -> Words:
    """Read `list_headers.yaml`."""
    raw: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return Words(
        columns={plain(word): column for column, words in raw["columns"].items() for word in words},
        totals=_beginnings(raw["totals"]),
        sections=frozenset(word for words in raw["sections"] for word in words),
        site=_beginnings([phrase.removesuffix("{text}") for phrase in raw["site"]]),
        as_of=tuple(_phrase(phrase) for phrase in raw["as_of"]),
        drawn_up=tuple(_phrase(phrase) for phrase in raw["drawn_up"]),
        sexes={plain(word): int(sex) for sex, words in raw["sexes"].items() for word in words},
        months={beginning: int(month) for month, words in raw["months"].items() for beginning in words},
        notes=tuple((code, _anywhere(words, r"(?<!\bне )(?<!\bnot )")) for code, words in raw["notes"].items()),
        kin=_anywhere(raw["kin"]),
        still_here=_anywhere([word for words in raw["still_here"] for word in words]),
        section_notes={word: code for code, words in raw["section_notes"].items() for word in words},
    )


def _beginnings(phrases: list[str]) -> re.Pattern[str]:
    """Return what matches a text that begins with one of the phrases, the longest first, and goes on with no letter."""
    longest_first = sorted(phrases, key=len, reverse=True)
    beginnings = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in longest_first)
    return re.compile(rf"\s*(?:{beginnings})(?![^\W\d_])", re.IGNORECASE)


def _anywhere(words: list[str], not_behind: str = "") -> re.Pattern[str]:
    return re.compile(not_behind + r"\b(?:" + "|".join(map(re.escape, words)) + r")\b", re.IGNORECASE)


def _phrase(phrase: str) -> re.Pattern[str]:
    before, after = (
        r"\s+".join(map(re.escape, part.replace("«", "").replace("»", "").split())) for part in phrase.split("{date}")
    )
    return re.compile(rf"{before}{DATE_IN_TEXT}" + (rf"\s*(?:г\.?|ж\.?)?\s*{after}" if after else ""), re.IGNORECASE)


def plain(text: str) -> str:
    """Return a header as it is compared: lower case, without №, points, brackets and line breaks, ё as е, single spaces."""
    lower = text.lower().replace("ё", "е")
    words = " ".join(re.sub(r"[№.()\[\]\r\n]", " " if "\n" in lower else "", lower).replace("\n", " ").split())
    return words or ("№" if "№" in text else "")


def date_in(patterns: tuple[re.Pattern[str], ...], text: str, words: Words) -> date | None:
    """Return the date that the first fitting phrase names in a title."""
    for pattern in patterns:
        if found := pattern.search(text):
            return read_date(found.group(1), date.max, words)[0]
    return None


def read_date(cell: Cell, latest: date, words: Words) -> tuple[date | None, str]:
    """Read a date as offices write it.

    Parameters
    ----------
    latest
        Two-digit years are taken as this century up to this day's year, else as the last one.

    Returns
    -------
    tuple
        The date (missing parts are 1) and how exactly it is known: DAY, MONTH, YEAR or UNKNOWN.
    """
    if cell is None:
        return None, "UNKNOWN"
    if isinstance(cell, datetime):
        return cell.date(), "DAY"
    if isinstance(cell, date):
        return cell, "DAY"
    if isinstance(cell, int) and cell in SERIAL_DAYS:
        counted = DAY_ZERO + timedelta(days=cell)
        return (counted, "DAY") if counted <= latest else (None, "UNKNOWN")
    written = text_of(cell) or ""
    text = written if len(written) <= LONGEST_DATE else ""
    if ":" in text:  # midnight, where a program writes a day as a moment
        text = CLOCK.sub("", text)
    if not text[-1:].isdigit():  # behind most dates no sign stands
        text = YEAR_SIGN.sub("", text)
    if found := YEAR_FIRST.fullmatch(text):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := DAY_FIRST.fullmatch(text):
        return _day(_full_year(found[3], latest), int(found[2]), int(found[1]))
    if found := MONTH_YEAR.fullmatch(text):
        day, _ = _day(int(found[2]), int(found[1]), 1)
        return day, "MONTH" if day else "UNKNOWN"
    if found := YEAR.fullmatch(text):
        return date(int(found[1]), 1, 1), "YEAR"
    return _worded(text.lower(), words)


def _worded(text: str, words: Words) -> tuple[date | None, str]:
    """Read a date whose month is a word."""
    if found := WORDED_DAY.fullmatch(text):
        return _day(int(found[3]), _month(found[2], words), int(found[1]))
    if found := WORDED_DAY_LAST.fullmatch(text):
        return _day(int(found[1]), _month(found[3], words), int(found[2]))
    if found := WORDED_MONTH.fullmatch(text):
        day, known = _day(int(found[3]), _month(found[1], words), int(found[2] or 1))
        return day, known if found[2] or not day else "MONTH"
    return None, "UNKNOWN"


def _month(word: str, words: Words) -> int:
    """Return the month a word stands for; 0, which no date has, for any other word."""
    return next((month for beginning, month in words.months.items() if word.startswith(beginning)), 0)


def _full_year(digits: str, latest: date) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if 2000 + year <= latest.year else 1900)


def _day(year: int, month: int, day: int) -> tuple[date | None, str]:
    try:
        return date(year, month, day), "DAY"
    except ValueError:
        return None, "UNKNOWN"


def read_sex(text: str | None, words: Words) -> int | None:
    """Return 1 for male, 2 for female, None for anything else."""
    return words.sexes.get(_plain_word(text)) if text else None


@lru_cache(256)
def _plain_word(text: str) -> str:
    return plain(text)


def is_like_name(text: str) -> bool:
    """Whether a text is two to five words that begin with a capital, as names are written; the particles need none."""
    words = text.replace(",", " ").split()
    return 2 <= len(words) <= 5 and all(
        NAME_WORD.fullmatch(word) and (word[0].isupper() or word in PATRONYMIC_PARTICLES) for word in words
    )


def note_code(note: str, words: Words) -> str | None:
    """Return what a note says of its person: DIED, REFUSED, STAFF, DEPARTED, LEAVE; None for anything else, and where it may speak of another."""
    text = note.replace("ё", "е").replace("Ё", "Е")
    for code, pattern in words.notes:
        found = pattern.search(text)
        if not found:
            continue
        if words.kin.search(text[: found.start()]) or words.kin.match(text[found.end() :].lstrip()):
            continue
        if not (code == "DEPARTED" and words.still_here.search(text)):
            return code
    return None


def section_note(title: str, words: Words) -> tuple[bool, str | None]:
    """Return whether a title between rows says something of the people below it, and what, if it says nothing else."""
    if len(title) > LONGEST_TITLE:
        return False, None
    parts = TITLE_PART.findall(DATE.sub(" ", YEAR_ALONE.sub(" ", title)))
    said = [part.lower().replace("ё", "е").removesuffix(".") for part in parts if len(part) > 1]
    codes = {words.section_notes[part] for part in said if part in words.section_notes}
    others = [part for part in said if part not in words.section_notes and part not in words.sections]
    # «Дети и сотрудники» are two kinds of people, «Сотрудников: 12» is a count and begins nothing
    is_clear = len(codes) == 1 and not others and not ONE_OF_SEVERAL.search(DATE.sub(" ", YEAR_ALONE.sub(" ", title)))
    return bool(codes), codes.pop() if is_clear else None


def section_words(text: str, words: Words) -> tuple[bool, bool]:
    """Return whether a text has a word of section titles, and whether it has nothing but these, numbers and single letters that are no initials."""
    said = [part.lower().replace("ё", "е") for part in TITLE_PART.findall(text)]
    is_known = [part.removesuffix(".") in words.sections for part in said]
    others = [part for part, known in zip(said, is_known, strict=True) if not known]
    return any(is_known), any(is_known) and all(len(part) == 1 or part[0].isdigit() for part in others)


def numbered_name(text: str) -> tuple[int | None, str]:
    """Return the serial number that stands before a name in its cell, and the name."""
    found = NUMBER_BEFORE.match(text)
    if not found or not (found[2] or is_like_name(text[found.end() :])):
        return None, text
    return int(found[1]), text[found.end() :]


def split_name(text: str) -> tuple[str | None, str | None, str | None]:
    """Split a full name into family name, given name and patronymic; «ұлы», «қызы», «оглы» as a word belong to the patronymic."""
    words = text.replace(",", " ").split()
    if len(words) == 2 and (initials := re.fullmatch(r"([^\W\d_])\.\s?([^\W\d_])\.?", words[1])):
        return words[0], f"{initials[1]}.", f"{initials[2]}."
    if len(words) == 3 and words[2].lower() in PATRONYMIC_PARTICLES:
        return words[0], None, f"{words[1]} {words[2]}"
    family, given, *_ = [*words, "", ""]
    return family or None, given or None, " ".join(words[2:]) or None


def read_iin(cell: Cell) -> str | None:
    """Return an IIN as written; what was a number gets its leading zeros back; what has no digit but zeros is no IIN."""
    text = "".join((text_of(cell) or "").split())
    if not any(map(str.isdigit, text.replace("0", ""))):
        return None
    return text.zfill(12) if isinstance(cell, int) or ZEROS_LOST.fullmatch(text) else text


def site_code(title: str, words: Words) -> str | None:
    """Return the identifier a title gives after words like «Код учреждения:», if it gives nothing else."""
    found = words.site.match(title)
    code = IDENTIFIER.fullmatch(title[found.end() :].strip(' :.«»"')) if found else None
    return code[0] if code else None


def total_in(row: Row, start: int) -> int | None:
    """Return the number a row of totals gives, after the word for it in its first cell: no day, and not the number of a ward.

    Taken are, in this order, a number behind a colon or dash, a cell that is a number, one right behind the word, and the last one.
    """
    first, *others = (cell for cell in row if cell is not None)
    # blanks made single, else they are looked at again and again
    said = DATE.sub(" ", " ".join(str(first)[start:].split()))
    text = DATE.sub(" ", joined(row)[start:])
    if (clause := TOTAL_CLAUSE.match(said)) and (found := TOTAL_SAID.search(clause[0])):
        return int(found[1])
    if alone := next((text for text in map(text_of, others) if text and TOTAL.fullmatch(text)), None):
        return int(alone)
    numbers = TOTAL.findall(clause[0]) if (clause := TOTAL_CLAUSE.match(text)) else []
    return int(numbers[0 if text.lstrip(" :.-–—")[:1].isdigit() else -1]) if numbers else None


def identifiers_in(text: str) -> list[str]:
    """Return the words of a title that could be an identifier; which of them are institutions the register says."""
    return sorted({word.rstrip(".") for word in IDENTIFIER.findall(text) if any(letter.isdigit() for letter in word)})


def joined(row: Row) -> str:
    """Return a row as one text with single blanks, dates as DD.MM.YYYY."""
    texts = (cell.strftime("%d.%m.%Y") if isinstance(cell, date) else text_of(cell) or "" for cell in row)
    return " ".join(" ".join(texts).split())
