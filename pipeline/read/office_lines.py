"""Reads movements and headcounts as the portal gives them: one JSON object a line, every line a row."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.read.feed import BOM, LONGEST_LINE, strict_fault

IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Line:
    """One line of a page.

    Attributes
    ----------
    cells
        Of the known columns.
    sender_id
        The institution that sent it.
    fault
        Why it cannot be read, or None.
    sha256
        Digest of its bytes, without the newline.
    """

    cells: dict[str, Any]
    sender_id: str | None
    fault: str | None
    sha256: str


def read_lines(path: Path, columns: list[str]) -> Iterator[Line]:
    """Yield every line of a page; a byte order mark at its beginning is skipped.

    Parameters
    ----------
    columns
        The known columns; further keys are ignored, as further columns of a sheet are.
    """
    with path.open("rb") as lines:
        lines.seek(len(BOM) if lines.read(len(BOM)) == BOM else 0)
        while line := lines.readline(LONGEST_LINE + 2):
            digest = hashlib.sha256(line.removesuffix(b"\n"))
            rest = line
            while rest and not rest.endswith(b"\n"):  # too long, or the last: the rest is passed over
                rest = lines.readline(LONGEST_LINE)
                digest.update(rest.removesuffix(b"\n"))
            said, fault = _object(line.removesuffix(b"\n"))
            sender = said.get("institution_id")
            is_known = isinstance(sender, str) and IDENTIFIER.fullmatch(sender)
            cells = {name: _cell(said[name]) for name in columns if name in said}
            yield Line(cells, sender if is_known else None, fault, digest.hexdigest())


def _object(line: bytes) -> tuple[dict[str, Any], str | None]:
    """Return the object of a line, or an empty one and why there is none."""
    if len(line) > LONGEST_LINE:
        return {}, "TOO_LONG"
    if fault := strict_fault(line):
        return {}, fault
    said = json.loads(line, parse_int=str, parse_float=str)
    if not isinstance(said, dict):
        return {}, "NOT_OBJECT"
    try:
        json.dumps(said, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return {}, "NOT_JSON"
    return said, None


def _cell(value: object) -> str | None:
    """Return a value as the cell of a sheet would be read; what is no scalar stays as JSON and is set aside by its rule."""
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    return json.dumps(value, ensure_ascii=False)
