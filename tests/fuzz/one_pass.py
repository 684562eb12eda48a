"""One pass: hundreds of damaged files put into one inbox, received and read together, and the account of every one of them.

What a pass holds follows from its number alone. Bytes are not forced to the disk here: that is tested where landing is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import duckdb

from pipeline.errors import BadReferenceFile
from pipeline.lake import clock_from
from pipeline.read.submissions import Reader
from pipeline.receive import inbox
from pipeline.receive.landing import Landing
from pipeline.receive.parcel import CENSUS_DB, Parcel, Source
from pipeline.round import OFFICE_ROUTES
from pipeline.sql import Workbench
from sandbox.seals import key_columns, key_of, sealed
from sandbox.tables import xlsx_bytes
from tests.fuzz.mutants import mutant
from tests.fuzz.originals import SEALED, SIGNED, Original, originals
from tests.read.desk import Desk, line, rows, submission
from tests.receive.field import START

SHARES: Mapping[str, float] = {
    "submissions": 10, "manifest": 4, "custody": 2, "portal": 6, "census_db": 3, "list": 10, "movement": 5, "headcount": 4, "register": 2, "verification": 1,
    "foreign": 3, "crosswalk": 0.5, "portal_movement": 3, "portal_headcount": 2, "register_sheet": 1, "seal": 3,
}  # fmt: skip
# For `make test`: more of what costs little, less of foreign files and crosswalks, which cost twenty times as much.
LIGHT: Mapping[str, float] = {
    "submissions": 45, "manifest": 3, "custody": 2, "portal": 15, "census_db": 6, "list": 13, "movement": 7, "headcount": 5, "register": 2, "verification": 1,
    "foreign": 1.2, "crosswalk": 0.4, "portal_movement": 7, "portal_headcount": 4, "register_sheet": 0.4, "seal": 2,
}  # fmt: skip
FORMATS = Path(__file__).resolve().parents[2] / "docs" / "formats.md"
STATES = {"in_force", "replaced", "repeated", "quarantined", "unreadable"}
GOOD = line(submission()) + b"\n"
# What comes in pages, over which route and from whom.
PAGES = {
    "portal": ("portal", "portal"), CENSUS_DB: (CENSUS_DB, CENSUS_DB),
    "portal_movement": ("movement", "portal"), "portal_headcount": ("headcount", "portal"),
}  # fmt: skip
KEY = key_of(1, SEALED["device_id"])


@dataclass(frozen=True)
class Input:
    """A damaged file and the place it lies at."""

    number: int
    original: Original
    content: bytes

    @property
    def name(self) -> str:
        return f"{self.original.kind}-{self.number:07d}"


@dataclass
class Account:
    """What became of the inputs of a pass, and what of it is wrong."""

    inputs: int = 0
    records: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Account) -> None:
        """Take in another pass."""
        self.inputs += other.inputs
        self.records += other.records
        self.unreadable += other.unreadable
        self.held += other.held
        self.wrong += other.wrong

    def require(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.wrong.append(what)


def inputs(number: int, count: int, shares: Mapping[str, float] = SHARES) -> list[Input]:
    """Return the inputs of a pass."""
    dice = Random(number)
    kinds, weights = list(shares), list(shares.values())
    found = []
    for at in range(count):
        original = dice.choice(originals()[dice.choices(kinds, weights)[0]])
        found.append(Input(number * count + at, original, mutant(original.content, dice)))
    return found


def run(folder: Path, given: list[Input], together: int = 1) -> Account:
    """Receive and read the inputs, and account for them; whatever is raised here is a finding.

    Parameters
    ----------
    together
        How many damaged files of submissions are put into one: what a line costs is then little beside what a file costs.
    """
    account = Account(len(given))
    by_kind = {kind: [one for one in given if one.original.kind == kind] for kind in SHARES}
    for kind in ("submissions", *PAGES):
        by_kind[kind] = _put_together(by_kind[kind], together)
    said = io.StringIO()
    with (
        mock.patch.object(os, "fsync"),
        mock.patch.object(inbox, "COPYING_NS", 0),  # a damaged custody record has rested
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        _logged(said),
    ):
        desk = Desk(folder, threads=1, memory_limit="256MB", crosswalks=folder / "crosswalks")
        _fill(desk, by_kind)
        for route in (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb"):
            desk.receive(route)
        for kind, (route, sender) in PAGES.items():
            _land_pages(desk, kind, route, sender, by_kind[kind])
        bench = desk.read()
        _require_receipts(account, desk, by_kind)
        _require_submissions(account, desk, bench)
        _require_submissions(account, desk, desk.read_submissions())  # as if every bundle were believed
        _require_offices(account, desk, bench)
        account.records = rows(bench, "SELECT (SELECT count(*) FROM record) + (SELECT count(*) FROM intake_record)")[0][
            0
        ]
        _use_crosswalks(account, desk, by_kind["crosswalk"])
    account.require(said.getvalue() == "", "something was said, which may quote people")
    return account


def _put_together(files: list[Input], together: int) -> list[Input]:
    """Make one file of several, named like the first of them."""
    groups = [files[at : at + together] for at in range(0, len(files), together)]
    return [
        replace(
            group[0],
            content=b"\n".join(one.content.removesuffix(b"\n") for one in group) if group[1:] else group[0].content,
        )
        for group in groups
    ]


def _fill(desk: Desk, by_kind: dict[str, list[Input]]) -> None:
    (desk.root / "crosswalks").mkdir(parents=True)
    for one in originals()["crosswalk"]:
        (desk.root / "crosswalks" / one.name).write_bytes(one.content)
    for one in by_kind["submissions"]:
        desk.bundle(f"tablet_vpn/{one.name}", lines=one.content)
    for one in by_kind["manifest"]:
        desk.bundle(f"tablet_vpn/{one.name}", lines=GOOD)
        desk.put(f"tablet_vpn/{one.name}/manifest.json", one.content)
    for one in by_kind["custody"]:
        desk.bundle(f"tablet_usb/{one.name}/b-{one.number}", lines=GOOD, is_ready=False)
        desk.put(f"tablet_usb/{one.name}/custody.json", one.content)
    for one in by_kind["foreign"]:
        desk.put(f"tablet_vpn/{one.name}/{one.original.name}", one.content)
        desk.put(f"tablet_vpn/{one.name}.ready", b"")
    _put_last_register(desk)
    for one in by_kind["seal"]:
        _put_sealed(desk, one)
    for one in by_kind["register_sheet"]:
        _put_register(desk, one)
    for route in OFFICE_ROUTES:
        for one in by_kind[route]:
            folder = route if route in ("register", "verification") else f"{route}/MNG-{one.number % 9:04d}"
            desk.put(f"{folder}/{one.name}{Path(one.original.name).suffix}", one.content)


def _put_sealed(desk: Desk, one: Input) -> None:
    """Put a bundle with a damaged seal that breaks off in its second line, or nobody would ask the digests of the lines.

    Damaged digests of an odd number are signed as they are, or nobody would read what they say.
    """
    is_signed = one.number % 2 and one.original.name == "submissions.sha256"
    digests = {"lines_sha256": hashlib.sha256(one.content).hexdigest()}
    files = sealed(SEALED | digests, KEY) if is_signed else sealed(SEALED, KEY, SIGNED)
    cut = {"submissions.ndjson": SIGNED[0] + b"\n" + SIGNED[1][:50]}
    for path, content in (files | cut | {one.original.name: one.content}).items():
        desk.put(f"tablet_vpn/{one.name}/{path}", content)
    desk.put(f"tablet_vpn/{one.name}.ready", b"")


def _put_last_register(desk: Desk) -> None:
    """Put a register that by its name is received after the damaged ones: it knows the sites, and the tablet of the sealed bundles."""
    key, vouched = key_columns(1, SEALED["device_id"])
    device = SEALED["device_id"], SEALED["institution_id"], key, vouched
    sheets = {
        "institution": [["institution_id", "category_code"], *([f"MNG-{number:04d}", "PSY"] for number in range(10))],
        "device": [["device_id", "institution_id", "public_key", "key_signature"], [*device]],
    }
    desk.put("register/the-last.xlsx", xlsx_bytes(sheets))


def _put_register(desk: Desk, one: Input) -> None:
    """Put a register of sheets of which one is damaged."""
    for sheet in originals()["register_sheet"]:
        desk.put(f"register/{one.name}/{sheet.name}", one.content if sheet == one.original else sheet.content)
    desk.put(f"register/{one.name}.ready", b"")


def _land_pages(desk: Desk, kind: str, route: str, sender: str, pages: list[Input]) -> None:
    """Land pages as a pull does; what a page must be to be taken is tested with a real portal and a real database."""
    sources = []
    for number, one in enumerate(pages, start=1):
        path = desk.root / kind / f"page-{number:05d}.ndjson"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(one.content or b"\n")  # a page without a record is none
        sources.append(Source(path, path.name))
    if sources:
        with Landing(desk.lake, clock_from(START), desk.settings.max_file_bytes) as landing:
            list(landing.land([Parcel(route, "1..2", tuple(sources), source_id=sender, cursor_to="2")]))


def _require_receipts(account: Account, desk: Desk, by_kind: dict[str, list[Input]]) -> None:
    """Every input has one line: landed, here before, or refused by name."""
    told = Counter(str(row["origin"]).split("/")[-1].split(".")[0] for row in desk.receipts())
    for kind in ("submissions", "manifest", "foreign", "seal", "register_sheet", *OFFICE_ROUTES):
        for one in by_kind[kind]:
            account.require(told[one.name] == 1, f"{one.name}: {told[one.name]} receipts")
    for one in by_kind["custody"]:
        account.require(told[f"b-{one.number}"] == 1, f"{one.name}: no receipt of the bundle beside it")
    refused = {row["reason"] for row in desk.receipts() if row["outcome"] == "refused"}
    account.require(refused <= _named(), f"refused for {sorted(refused - _named())}")


def _require_submissions(account: Account, desk: Desk, bench: Workbench) -> None:
    """Every line of every file is one record: unreadable for a named reason, or typed, with identity and answers."""
    wanted: dict[tuple[str, int], int] = {}
    for batch in desk.lake.batches():
        if batch["route"] not in ("portal", CENSUS_DB, "tablet_vpn", "tablet_usb"):
            continue
        for number, file in enumerate(batch["files"], start=1):
            content = (desk.lake.landing / batch["route"] / batch["batch_id"] / "files" / file["path"]).read_bytes()
            if file["path"].endswith(".ndjson"):
                wanted[batch["batch_id"], number] = len(re.findall(rb"[^\n]*\n|[^\n]+\Z", content)) or 1
            elif file["path"] in ("signature", "submissions.sha256"):
                continue
            elif file["path"] != "manifest.json" or "MANIFEST_UNREADABLE" in batch["problems"]:
                wanted[batch["batch_id"], number] = 0  # at least one
    found = {
        (batch, number): count
        for batch, number, count in rows(bench, "SELECT batch_id, file_no, count(*) FROM record GROUP BY ALL")
    }
    account.require(
        wanted.keys() == found.keys(),
        f"files without a record, or records of no file: {[key[1:] for key in sorted(wanted.keys() ^ found.keys())[:3]]}",
    )
    wrong = {key for key, count in wanted.items() if count and found.get(key) != count}
    account.require(not wrong, f"files whose lines are not their records: {sorted(wrong)[:3]}")
    gaps = rows(
        bench,
        "SELECT batch_id FROM record GROUP BY ALL HAVING count(*) <> max(record_no) OR count(DISTINCT record_id) <> count(*)",
    )
    account.require(not gaps, f"numbers of records with gaps: {gaps[:3]}")
    for part in ("identity", "answers"):
        differing = rows(
            bench,
            f"SELECT count(*) FROM record FULL JOIN {part} USING (record_id) WHERE (read_error IS NULL) <> ({part}.record_id IS NOT NULL)",
        )
        account.require(differing == [(0,)], f"{part} of unreadable records, or none of typed ones")
    account.unreadable += Counter(
        dict(rows(bench, "SELECT read_error, count(*) FROM record WHERE read_error IS NOT NULL GROUP BY ALL"))
    )
    account.require(
        account.unreadable.keys() <= _named(), f"unreadable for {sorted(account.unreadable.keys() - _named())}"
    )


def _require_offices(account: Account, desk: Desk, bench: Workbench) -> None:
    """Every file of an office is rows with a state, or a list that says nobody is there; what does not hold says why."""
    sent = {batch["batch_id"]: batch for batch in desk.lake.batches() if batch["route"] in OFFICE_ROUTES}
    found = {
        batch for (batch,) in rows(bench, "SELECT batch_id FROM intake_record UNION SELECT batch_id FROM office_block")
    }
    bare = {batch_id for batch_id in sent.keys() - found if _is_bare_header(desk, sent[batch_id])}
    account.require(
        sent.keys() - bare == found,
        f"files of offices without a row: {[(sent[one]['route'], sent[one]['origin']) for one in sorted(sent.keys() - bare - found)[:3]]}",
    )
    lines = {
        (batch["batch_id"], number): file["line_count"]
        for batch in sent.values()
        for number, file in enumerate(batch["files"], start=1)
        if file["path"].endswith(".ndjson")
    }
    counted = rows(bench, "SELECT batch_id, file_no, count(*) FROM intake_record GROUP BY ALL")
    read = {(batch, number): count for batch, number, count in counted if (batch, number) in lines}
    account.require(
        lines == read, f"pages of the portal whose lines are not their rows: {len(lines.items() - read.items())}"
    )
    states = rows(bench, "SELECT state, reason, count(*) FROM intake_record GROUP BY ALL")
    account.require({state for state, *_ in states} <= STATES, "a state nobody knows")
    for state, reason, count in states:
        if state in ("quarantined", "unreadable"):
            kept = account.unreadable if state == "unreadable" else account.held
            kept[str(reason)] += count
            account.require(str(reason) in _named(), f"{state} for {reason}")


def _is_bare_header(desk: Desk, batch: dict[str, Any]) -> bool:
    """Whether a file may come to no rows: a movement's header alone; of a workbook only its reader knows."""
    content = (
        desk.lake.landing / batch["route"] / batch["batch_id"] / "files" / batch["files"][0]["path"]
    ).read_bytes()
    filled = sum(bool(text.strip(b" \0\r\t,;")) for text in content.splitlines())
    return batch["route"] == "movement" and (content.startswith(b"PK") or filled <= 1)


def _use_crosswalks(account: Account, desk: Desk, given: list[Input]) -> None:
    """A damaged crosswalk is refused with its line, or it is one, and a file can be read by it."""
    folder = desk.root / "crosswalks"
    bench = desk.light_bench()
    exports = {one.name: desk.root / one.name for one in originals()["foreign"]}
    for one in originals()["foreign"]:
        exports[one.name].write_bytes(one.content)
    for one in given:
        (folder / one.original.name).write_bytes(one.content)
        name = {"cspro": "data.csdb", "odk": "odk.zip", "survey": "export.zip"}[re.split(r"[-.]", one.original.name)[0]]
        try:
            fault = Reader(bench, []).foreign.write_lines(exports[name], desk.root / "made.lines")
            account.require(fault is None, f"{one.name}: a good file is {fault}")
        except BadReferenceFile:
            account.held["BadReferenceFile"] += 1
        except duckdb.Error as error:
            account.wrong.append(f"{one.name}: {type(error).__name__} by a crosswalk that was taken")
        (folder / one.original.name).write_bytes(one.original.content)


def _named() -> set[str]:
    """Return the reasons docs/formats.md names."""
    return set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", FORMATS.read_text(encoding="utf-8")))


@contextlib.contextmanager
def _logged(target: io.StringIO) -> Iterator[None]:
    handler, root = logging.StreamHandler(target), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


__all__ = ["Account", "Input", "inputs", "run"]
