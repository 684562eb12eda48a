"""ODK Central: submissions as a zip of CSV files, or as pages of its OData service. Both become the same sheets and columns."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.read.foreign import archives
from pipeline.read.foreign.sheets import CannotBeRead, Export, Row, Sheet

COMMA = ","
LARGEST_PAGE = 32 * 1024 * 1024  # a page is read whole
MOST_VALUES = 1_000_000
DEEPEST = 20
SYSTEM = {"main": ("KEY", "SubmissionDate", "DeletedAt", "Status", "ReviewState", "Edits")}
# OData's names of what the CSV calls otherwise.
NAMES = {
    "__id": "KEY",
    "submissionDate": "SubmissionDate", "updatedAt": "UpdatedAt", "deletedAt": "DeletedAt", "submitterId": "SubmitterID",
    "submitterName": "SubmitterName", "attachmentsPresent": "AttachmentsPresent", "attachmentsExpected": "AttachmentsExpected",
    "status": "Status", "reviewState": "ReviewState", "deviceId": "DeviceID", "edits": "Edits", "formVersion": "FormVersion",
}  # fmt: skip
CONTEXT = re.compile(r"/forms/(?P<form>[^/]+?)(?P<draft>/draft)?\.svc/\$metadata#Submissions$")
INDEX = re.compile(r"\[(\d+)\]")


# ---------------------------------------------------------------- CSV


def recognised(archive: zipfile.ZipFile) -> bool:
    """Whether the archive is such a download."""
    return _main(_headers(archive)) is not None


def read(archive: zipfile.ZipFile) -> Export:
    """Return the submissions and their repeats."""
    headers = _headers(archive)
    form = _main(headers)
    assert form is not None
    sheets = [Sheet(form, headers[form], archives.rows(archive, f"{form}.csv", COMMA), key=("KEY",))]
    for name, columns in headers.items():
        if "PARENT_KEY" in columns and "KEY" in columns:
            sheets.append(_repeat(archive, name, form, columns))
    return Export("odk", form, tuple(sheets))


def _repeat(archive: zipfile.ZipFile, name: str, form: str, columns: tuple[str, ...]) -> Sheet:
    key, parent = columns.index("KEY") + 1, columns.index("PARENT_KEY") + 1
    first = next(islice(archives.rows(archive, f"{name}.csv", COMMA), 1), None)
    above = _repeat_name(first[parent]) if first else None
    return Sheet(
        name.removeprefix(f"{form}-"),
        (*columns, "#"),
        ((*row, _row_id(row[key])) for row in archives.rows(archive, f"{name}.csv", COMMA)),
        key=("KEY",),
        parent=above or form,
        parent_key=("PARENT_KEY",),
        row_id=("#",),
    )


def _repeat_name(key: str | None) -> str | None:
    """Return the repeat a row's key is in: `uuid:…/person[2]` is in `person`, `uuid:…` in none."""
    last = (key or "").rsplit("/", 1)[-1]
    return INDEX.sub("", last) if INDEX.search(last) else None


def _row_id(key: str | None) -> str:
    return ".".join(INDEX.findall(key or ""))


def _headers(archive: zipfile.ZipFile) -> dict[str, tuple[str, ...]]:
    names = sorted(name for name in archive.namelist() if PurePosixPath(name).match("*.csv") and "/" not in name)
    return {name.removesuffix(".csv"): archives.header(archive, name, COMMA) for name in names}


def _main(headers: dict[str, tuple[str, ...]]) -> str | None:
    found = [name for name, columns in headers.items() if "KEY" in columns and "SubmissionDate" in columns]
    return found[0] if len(found) == 1 else None


# ---------------------------------------------------------------- OData


def page_recognised(head: bytes) -> bool:
    """Whether a file begins like a page of the OData service."""
    return bool(re.match(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:value|@odata\.(?:context|count|nextLink))"\s*:', head))


def read_page(path: Path) -> Export:
    """Return the submissions of a page and the repeats within them.

    Raises
    ------
    CannotBeRead
        `TOO_LARGE`, `TOO_DEEP`, `NOT_JSON`, `DRAFT_FORM` (what was entered into a form's draft is no submission), `UNKNOWN_FILE`.
    """
    if path.stat().st_size > LARGEST_PAGE:
        raise CannotBeRead("TOO_LARGE")
    content = path.read_bytes()
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise CannotBeRead("TOO_LARGE")
    page = _parsed(content)
    context = CONTEXT.search(unquote(urlsplit(str(page.get("@odata.context", ""))).geturl()))
    rows = page.get("value")
    if context is None or not isinstance(rows, list):
        raise CannotBeRead("UNKNOWN_FILE")
    if context["draft"]:
        raise CannotBeRead("DRAFT_FORM")
    return _Pages(context["form"]).read(rows)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        page = json.loads(content.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise CannotBeRead("NOT_JSON") from None
    return page if isinstance(page, dict) else {}


def _refused(constant: str) -> str:
    raise ValueError(constant)


class _Pages:
    """Takes submissions apart: groups become prefixes, as in the CSV, and repeats sheets of their own."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._rows: dict[str, list[dict[str, str | None]]] = {form: []}
        self._parents: dict[str, str] = {}

    def read(self, submissions: list[Any]) -> Export:
        for submission in submissions:
            self._take(self._form, submission, {}, 0)
        sheets = [self._sheet(name) for name in self._rows]
        return Export("odk", self._form, tuple(sheets))

    def _take(self, name: str, given: Any, cells: dict[str, str | None], depth: int) -> None:
        self._rows.setdefault(name, []).append(cells)
        if not isinstance(given, dict):
            cells["!"] = "NOT_OBJECT"
            return
        cells.setdefault("KEY", _text(given.get("__id")))
        self._cells(name, given, "", cells, depth)

    def _cells(self, name: str, given: dict[Any, Any], prefix: str, cells: dict[str, str | None], depth: int) -> None:
        if depth > DEEPEST:
            raise CannotBeRead("TOO_DEEP")
        for field, value in given.items():
            if field.endswith(("@odata.navigationLink", "@odata.count")):
                continue
            if isinstance(value, list) and all(isinstance(row, dict) for row in value):
                self._repeat(name, field, value, cells["KEY"] or "", depth + 1)
            elif field == "__system" and isinstance(value, dict):
                cells.update({NAMES.get(str(key), str(key)): _text(inner) for key, inner in value.items()})
            elif isinstance(value, dict):
                self._cells(name, value, f"{prefix}{field}-", cells, depth + 1)
            elif not prefix and field == "__id":
                continue
            else:
                cells[prefix + field] = _text(value)

    def _repeat(self, above: str, name: str, rows: list[dict[str, Any]], key: str, depth: int) -> None:
        self._parents.setdefault(name, above)
        for number, row in enumerate(rows, start=1):
            own = f"{key}/{name}[{number}]"
            self._take(name, row, {"KEY": own, "PARENT_KEY": key, "#": _row_id(own)}, depth)

    def _sheet(self, name: str) -> Sheet:
        rows = self._rows[name]
        columns = tuple(dict.fromkeys(column for row in rows for column in row if column != "!")) or ("KEY",)
        parent = self._parents.get(name)
        given = _given(rows, columns)
        if parent is None:
            return Sheet(name, columns, given, key=("KEY",))
        return Sheet(name, columns, given, ("KEY",), parent, ("PARENT_KEY",), ("#",))


def _given(rows: list[dict[str, str | None]], columns: tuple[str, ...]) -> Iterator[Row]:
    for row in rows:
        cells = [row.get(column) for column in columns]
        if _is_text(cells):
            yield (row.get("!"), *cells)
        else:
            yield ("NOT_UTF8", *(None if cell is None else _whole(cell) for cell in cells))


def _is_text(cells: list[str | None]) -> bool:
    """Whether no cell has half a character: JSON can spell one half of a pair without the other."""
    try:
        "".join(cell for cell in cells if cell).encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(cell: str) -> str:
    return cell.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
