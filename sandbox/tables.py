"""Spreadsheets and delimited files whose bytes depend on nothing but their content."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from openpyxl import Workbook

Cell = object
ZIP_TIME = (2021, 7, 1, 0, 0, 0)


def xlsx_bytes(sheets: Mapping[str, Iterable[Sequence[Cell]]]) -> bytes:
    """Return a workbook as bytes, without the time of its making.

    Parameters
    ----------
    sheets
        Rows by sheet name; dates become date cells.
    """
    workbook = Workbook(write_only=True)
    fixed = datetime(*ZIP_TIME)  # noqa: DTZ001 - a workbook's properties carry no zone
    workbook.properties.created = fixed
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    raw = io.BytesIO()
    workbook.save(raw)
    return _without_time(raw.getvalue(), fixed)


def _without_time(raw: bytes, fixed: datetime) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + fixed.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), data
                )
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            new.writestr(info, data)
    return out.getvalue()


def csv_bytes(rows: Iterable[Sequence[Cell]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return a delimited file as bytes; a letter the encoding lacks becomes a question mark."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n" if encoding == "cp1251" else "\n")
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return out.getvalue().encode(encoding, errors="replace")
