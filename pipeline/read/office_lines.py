"""Reads movements and headcounts as the portal gives them: one JSON object a line, every line a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.read.feed import LONGEST_LINE, strict_fault

IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")


def read_lines(path: Path, columns: list[str]) -> Iterator[tuple[dict[str, Any], str | None, str | None]]:
    """Yield for every line the cells of the known columns, the institution that sent it, and why it cannot be read.

    Parameters
    ----------
    columns
        The known columns; further keys are ignored, as further columns of a sheet are.
    """
    with path.open("rb") as lines:
        while line := lines.readline(LONGEST_LINE + 2):
            rest = line
            while rest and not rest.endswith(b"\n"):  # too long, or the last: the rest is passed over
                rest = lines.readline(LONGEST_LINE)
            said, fault = _object(line.removesuffix(b"\n"))
            sender = said.get("institution_id")
            is_known = isinstance(sender, str) and IDENTIFIER.fullmatch(sender)
            yield {name: _cell(said[name]) for name in columns if name in said}, sender if is_known else None, fault


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
