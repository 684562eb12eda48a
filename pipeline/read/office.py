"""Reads what offices send: registers, lists, movements, headcounts and verification files, to rows of text with a place each.

Files are read one by one, without looking at any other; what holds, what replaces what and what is held back is decided afterwards over
all of them, in `office_state.sql`. So the rows of a file can be kept (`memo/`) and found again.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.read.landed import require_landed
from pipeline.read.lists import read_lists
from pipeline.read.mapping import accepted_mappings, holds_people, is_no_list, propose
from pipeline.read.office_lines import read_lines
from pipeline.read.sheets import NoSpreadsheet, Row, Sheet, is_blank, open_sheets, text_of
from pipeline.read.words import load_words
from pipeline.round import OFFICE_ROUTES
from pipeline.sql import Workbench, step_failed

RUN_BATCHES = 500
PORTION_ROWS = 20_000  # in memory at once, beside those of one file
HERE = Path(__file__).resolve().parent
written = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode

SHEETS = {
    "register": (
        "institution",
        "staff",
        "premises",
        "device",
        "employee",
        "medium",
        "certificate",
        "certificate_return",
    ),
    "verification": ("source", "person", "answer"),
}
# without one row of this sheet a delivery says nothing: the rest of it is held for this reason
NEEDED = {"register": ("institution", "NO_INSTITUTIONS"), "verification": ("source", "NO_SOURCES")}
COLUMNS = {
    "institution": "institution_id bin site_no name_kk name_ru category_code kato capacity governing_order head_order_no head_order_on is_web_only closed_on "
    "ward_tier",
    "staff": "staff_id institution_id full_name order_no order_on trained_on",
    "premises": "institution_id has_room computer_count has_internet",
    "device": "device_id institution_id act_no issued_on return_act_no returned_on cases_left_count form_version has_case has_glass has_charger "
    "has_usb_cable has_stylus has_power_bank public_key key_signature key_revoked_on lost_on",
    "employee": "employee_id full_name",
    "medium": "medium_id employee_id act_no copied_on act_case_count wiped_on",
    "certificate": "first_no last_no staff_id act_no issued_on",
    "certificate_return": "first_no last_no staff_id act_no returned_on reason_code",
    "source": "source_id source_kind institution_id taken_on row_count is_independent declared_by",
    "person": "source_id person_no finding iin family_name given_name patronymic sex birth_date",
    "answer": "source_id case_id variable value",
    "movement": "movement_no movement_type occurred_on occurred_time iin family_name given_name patronymic sex birth_date other_institution_id "
    "other_kato ward",
    "headcount": "institution_id moment_at present_count temporarily_absent_count living_in_staff_count usual_present_count signed_by_staff_id signed_on",
}
TABLES = (
    "institution", "staff", "staff_identity", "premises", "device", "device_before", "device_key", "employee", "medium", "certificate", "certificate_return",
    "list", "list_entry", "list_identity", "list_mapping", "list_diff", "movement", "movement_identity", "headcount",
    "verification_source", "verification_person", "verification_identity", "verification_answer", "intake_record",
)  # fmt: skip

ROW = pa.schema(
    [
        ("batch_id", pa.string()), ("route", pa.string()), ("received_at", pa.string()), ("sender_id", pa.string()),
        ("record_no", pa.int32()), ("file_no", pa.int32()), ("kind", pa.string()), ("block_no", pa.int32()), ("fault", pa.string()), ("held", pa.string()),
        ("cells", pa.string()), ("content_sha256", pa.string()), ("is_line", pa.bool_()),
    ]
)  # fmt: skip
BLOCK = pa.schema(
    [
        ("batch_id", pa.string()), ("received_at", pa.string()), ("sender_id", pa.string()), ("block_no", pa.int32()), ("sheet_no", pa.int32()),
        ("as_of_on", pa.string()), ("drawn_up_on", pa.string()), ("declared_total", pa.int32()), ("named", pa.list_(pa.string())),
        ("has_rows", pa.bool_()),
    ]
)  # fmt: skip


class Found(NamedTuple):
    """One row found in a file, before it has a number.

    Attributes
    ----------
    fault
        Why it is unreadable, or None.
    held
        Why it is quarantined whatever else came, or None.
    file_at
        Place among the files of its batch.
    sender_id
        The institution that sent it, where the batch does not say.
    sha256
        Digest of its bytes, where it is a line of a file.
    """

    kind: str
    cells: dict[str, Any]
    block_no: int | None = None
    fault: str | None = None
    held: str | None = None
    file_at: int = 0
    sender_id: str | None = None
    sha256: str | None = None


class OfficeReader:
    """Reads office files; its version names everything its rows depend on besides the files.

    Parameters
    ----------
    bench
        The workbench of the `read` step.
    """

    def __init__(self, bench: Workbench) -> None:
        self._lake = bench.lake
        self._headers = bench.settings.reference / "list_headers.yaml"
        self._latest: date = bench.round.moment_on
        self._accepted = accepted_mappings(bench.lake, bench.as_of)

    @cached_property
    def version(self) -> str:
        """Hash over this reader's code, the library that opens workbooks for it, and the words it knows."""
        digest = hashlib.sha256(f"{self._latest} {importlib.metadata.version('python-calamine')}".encode())
        digest.update(json.dumps(self._accepted, sort_keys=True).encode())
        for path in (
            *(
                HERE / name
                for name in (
                    "office.py",
                    "lists.py",
                    "words.py",
                    "sheets.py",
                    "packed.py",
                    "zips.py",
                    "compound.py",
                    "mapping.py",
                    "office_lines.py",
                    "feed.py",
                )
            ),
            self._headers,
        ):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def parquet(self, run: list[dict[str, Any]]) -> tuple[Path, Path]:
        """Return the files with rows and list blocks of a run, reading it if that was not done before."""
        names = "".join(f"{batch['batch_id']}\t{batch['received_at']}\n" for batch in run)
        folder = self._lake.memo / self.version / hashlib.sha256(names.encode()).hexdigest()[:32]
        if not folder.exists():
            part = folder.with_name(f".{uuid.uuid4().hex}.part")
            part.mkdir(parents=True)
            try:
                self._read(run, part)
                part.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
            finally:
                shutil.rmtree(part, ignore_errors=True)
        os.utime(folder)  # or it is taken for a run nobody reads any more
        return folder / "row.parquet", folder / "block.parquet"

    def _read(self, run: list[dict[str, Any]], folder: Path) -> None:
        blocks: list[dict[str, Any]] = []
        rows = self._rows(run, blocks)
        with pq.ParquetWriter(folder / "row.parquet", ROW) as writer:
            while portion := list(islice(rows, PORTION_ROWS)):
                writer.write_table(pa.Table.from_pylist(portion, schema=ROW))
        pq.write_table(pa.Table.from_pylist(blocks, schema=BLOCK), folder / "block.parquet")

    def _rows(self, run: list[dict[str, Any]], blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for batch in run:
            found = self._batch(batch, blocks)
            # what headers mean has a number of its own: what people decide about it must not speak of the list's first row
            first = 0 if any(one.held == "MAPPING_UNCERTAIN" for one in found) else 1
            yield from (_row(batch, number, one) for number, one in enumerate(found, start=first))

    def _batch(self, batch: dict[str, Any], blocks: list[dict[str, Any]]) -> list[Found]:
        route = batch["route"]
        if route in SHEETS:
            return self._delivery(batch)
        if batch.get("cursor_to") is not None:
            return list(self._pulled(batch))
        try:
            sheets = self._sheets(batch, 0)
        except NoSpreadsheet as problem:
            return [Found(route, {}, fault=problem.code)]
        if route == "list":
            return list(self._list(batch, sheets, blocks))
        return list(table_rows(route, sheets[0])) if sheets else [Found(route, {}, held="HEADER_NOT_FOUND")]

    def _pulled(self, batch: dict[str, Any]) -> Iterator[Found]:
        """Read pages of the portal: movements or headcounts of many institutions."""
        route = batch["route"]
        for file_at in range(len(batch["files"])):
            for line in read_lines(self._landed(batch, file_at), COLUMNS[route].split()):
                held = None if line.fault or line.cells else "NO_KNOWN_COLUMN"
                yield Found(route, line.cells, None, line.fault, held, file_at, line.sender_id, line.sha256)

    def _sheets(self, batch: dict[str, Any], file_at: int) -> list[Sheet]:
        return open_sheets(self._landed(batch, file_at))

    def _landed(self, batch: dict[str, Any], file_at: int) -> Path:
        file = batch["files"][file_at]
        path: Path = self._lake.landing / batch["route"] / batch["batch_id"] / "files" / file["path"]
        require_landed(batch, file_at + 1, path)
        return path

    def _delivery(self, batch: dict[str, Any]) -> list[Found]:
        """Read a workbook, or a folder with one csv for each sheet."""
        found: list[Found] = []
        route = batch["route"]
        needed, lack = NEEDED[route]
        for file_at, file in enumerate(batch["files"]):
            try:
                sheets = self._sheets(batch, file_at)
                if len(batch["files"]) > 1 or file["path"].split(".")[0] != "content":  # else a file of its own
                    sheets = _named_by_file(file["path"], sheets, SHEETS[route])
            except NoSpreadsheet as problem:
                found.append(Found(route, {}, fault=problem.code, file_at=file_at))
                continue
            rows = [row for sheet in sheets if sheet.name in SHEETS[route] for row in table_rows(sheet.name, sheet)]
            found += [row._replace(file_at=file_at) for row in rows]
        if not any(row.kind == needed and row.held is None for row in found):
            found = [row if row.fault else row._replace(held=lack) for row in found]
        return found or [Found(route, {}, held="HEADER_NOT_FOUND")]

    def _list(self, batch: dict[str, Any], sheets: list[Sheet], blocks: list[dict[str, Any]]) -> Iterator[Found]:
        words = load_words(self._headers)
        lists = read_lists(sheets, words, self._latest, self._accepted)
        read = {block.sheet_no for block in lists}
        unread = [
            sheet
            for number, sheet in enumerate(sheets, start=1)
            if number not in read and not is_no_list(sheet, self._accepted)
        ]
        if proposals := propose(unread, words, self._latest):
            yield Found("list", {"headers": [one.cells() for one in proposals]}, held="MAPPING_UNCERTAIN")
        elif not lists:
            yield Found("list", {}, held="HEADER_NOT_FOUND")
        for number, block in enumerate(lists, start=1):
            blocks.append(
                {
                    "batch_id": batch["batch_id"],
                    "received_at": batch["received_at"],
                    "sender_id": batch["institution_id"],
                    "block_no": number,
                    "sheet_no": block.sheet_no,
                    "as_of_on": block.as_of_on.isoformat() if block.as_of_on else None,
                    "drawn_up_on": block.drawn_up_on.isoformat() if block.drawn_up_on else None,
                    "declared_total": block.declared_total,
                    "named": sorted(set(block.named)),
                    "has_rows": any(held is None for _, held in block.rows),
                }
            )
            for cells, held in block.rows or [({}, "NO_ROWS")]:
                yield Found("list", cells, number, held=held)
        for sheet in unread if lists else []:  # a page more without its header
            if holds_people(sheet) and not propose([sheet], words, self._latest):
                yield Found("list", {}, held="HEADER_NOT_FOUND")


def _named_by_file(name: str, sheets: list[Sheet], known: tuple[str, ...]) -> list[Sheet]:
    """Name the sheet of a csv after its file, where a delivery came as a folder of them.

    Raises
    ------
    NoSpreadsheet
        The folder holds something that is none of its sheets (UNKNOWN_FILE).
    """
    stem, _, extension = name.rpartition(".")
    if stem not in known or extension != "csv":
        raise NoSpreadsheet("UNKNOWN_FILE")
    return [replace(sheet, name=stem) for sheet in sheets[:1]]


def table_rows(kind: str, sheet: Sheet) -> Iterator[Found]:
    """Yield the rows of a sheet whose first row names its columns."""
    known = COLUMNS[kind].split()
    filled = [row for row in sheet.rows if not is_blank(row)]
    header = {name: at for at, name in enumerate(text_of(cell) for cell in filled[0])} if filled else {}
    columns = {name: header[name] for name in known if name in header}
    if known[0] not in columns or len(columns) < 2:  # a header names its key and something more
        yield Found(kind, {}, held="HEADER_NOT_FOUND")
        return
    # a lost byte or quote makes rows a part of the header; that nobody came or went in a month is an answer, a signature under nothing is none
    if len(filled) == 1 and (kind == "headcount" or (kind == "movement" and not header.keys() <= {*known, "", None})):
        yield Found(kind, {}, held="NO_ROWS")
        return
    for row in filled[1:]:
        cells = {name: _cell(row, at) for name, at in columns.items()}
        if any(value is not None for value in cells.values()):
            yield Found(kind, cells)
        else:
            yield Found(kind, {}, held="NO_KNOWN_COLUMN")


def runs(batches: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut office batches, in order of receipt, into runs of equal number; the last one grows."""
    office = [batch for batch in batches if batch["route"] in OFFICE_ROUTES]
    return [office[at : at + RUN_BATCHES] for at in range(0, max(len(office), 1), RUN_BATCHES)]


def run(bench: Workbench) -> None:
    """Make the tables of registers, lists, movements, headcounts and verification files, and the ledger of their rows."""
    reader = OfficeReader(bench)
    paths = [reader.parquet(batches) for batches in runs(bench.batches)]
    bench.relation("office_row", [row for row, _ in paths])
    bench.relation("office_block", [block for _, block in paths])
    for name in ("office_macros", "register_state", "list_state", "verification_state", "office_state", "list_row"):
        try:
            bench.con.execute((HERE / f"{name}.sql").read_text(encoding="utf-8"))
        except duckdb.Error as error:
            raise step_failed(error, f"read/{name}.sql") from None
    for table in TABLES:
        bench.write(table)


def _cell(row: Row, at: int) -> str | None:
    return text_of(row[at]) if at < len(row) else None


def _row(batch: dict[str, Any], number: int, found: Found) -> dict[str, Any]:
    # a column left out says what an empty cell says
    filled = written({name: value for name, value in found.cells.items() if value is not None})
    digest = (
        found.sha256 or batch["files"][found.file_at]["sha256"]
        if found.fault
        else hashlib.sha256(f"{found.kind}\n{filled}".encode()).hexdigest()
    )
    return {
        "batch_id": batch["batch_id"],
        "route": batch["route"],
        "received_at": batch["received_at"],
        "sender_id": batch["institution_id"] or found.sender_id,
        "record_no": number,
        "file_no": found.file_at + 1,
        "kind": found.kind,
        "block_no": found.block_no,
        "fault": found.fault,
        "held": found.held,
        "cells": written(found.cells),
        "content_sha256": digest,
        "is_line": found.sha256 is not None,
    }
