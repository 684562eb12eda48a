"""A file made to fill the memory or to take for ever is read, or refused by its reason, within 512 MiB above rest and bounded work."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from tests.fuzz.watch import watched
from tests.read import foreign_files as foreign
from tests.read.desk import line, submission
from tests.read.test_dress import DRESSES

pytestmark = pytest.mark.timeout(1200)

MIB = 1024**2
Pieces = Iterable[bytes]
Writer = Callable[[IO[bytes]], object]

GOOD = line(submission()) + b"\n"
HEADER = "№;ФИО;Дата рождения;Пол;ИИН\r\n".encode()
PERSON = "1;Ли Ан;1950;М;\r\n".encode()
MOVEMENTS = b"movement_no,movement_type,occurred_on\n"
INTERVIEWS = "\t".join(foreign.INTERVIEW).encode()


class Hostile(NamedTuple):
    """A file, where it is put, and what comes of it: rows read, or reasons."""

    path: str
    write: Writer
    wanted: dict[str, int]


def plain(*pieces: tuple[bytes, int]) -> Writer:
    """Write pieces, each so many times."""

    def write(target: IO[bytes]) -> None:
        for piece, times in pieces:
            for _ in range(times):
                target.write(piece)

    return write


def packed(members: dict[str, Pieces]) -> Writer:
    """Write an archive whose members are made of pieces."""

    def write(target: IO[bytes]) -> None:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, pieces in members.items():
                with archive.open(name, "w", force_zip64=True) as member:
                    for piece in pieces:
                        member.write(piece)

    return write


def repacked(dress: str, changed: dict[str, Pieces]) -> Writer:
    """Write a workbook with other members in place of some of its own."""
    with zipfile.ZipFile(io.BytesIO(DRESSES[dress])) as old:
        members: dict[str, Pieces] = {name: [old.read(name)] for name in old.namelist()}
    return packed(members | changed)


def xlsx(*pieces: bytes) -> Writer:
    """Write a workbook with these pieces for the content of its sheet."""
    head = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    return repacked("xlsx", {"xl/worksheets/sheet1.xml": [head, *pieces, b"</sheetData></worksheet>"]})


def ods(*pieces: bytes) -> Writer:
    """Write a document with these pieces for its tables."""
    head = (
        b'<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
    )
    end = b"</office:spreadsheet></office:body></office:document-content>"
    return repacked("ods", {"content.xml": [head, *pieces, end]})


def cells(cell: str) -> list[bytes]:
    """The rows of a sheet: 3,600,000 cells, all of them filled."""
    return [b"<row>" + cell.encode() * 200 + b"</row>"] * 18_000


def strings() -> Writer:
    """Write a workbook with fifty million strings."""
    head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return repacked("xlsx", {"xl/sharedStrings.xml": [head, *[b"<si/>" * MIB] * 48, b"</sst>"]})


def members(count: int) -> Writer:
    """Write an archive with that many members, none of which holds anything."""

    def write(target: IO[bytes]) -> None:
        with zipfile.ZipFile(target, "w") as archive:
            for number in range(count):
                archive.writestr(f"{number}", b"")

    return write


def interviews(*pieces: bytes) -> Writer:
    return packed({"mng_institution.tab": [INTERVIEWS, *pieces]})


def page(*pieces: tuple[bytes, int]) -> Writer:
    """Write a page of OData with these rows."""
    head = b'{"@odata.context": "https://c/v1/projects/7/forms/f.svc/$metadata#Submissions", "value": ['
    return plain((head, 1), *pieces, (b"{}]}", 1))


def long_line(**more: object) -> bytes:
    """A submission of nearly a MiB."""
    return line(submission(usual_address_text="x" * (MIB - 2000), **more)) + b"\n"


def keys(count: int) -> Writer:
    """Write long lines no two of which have the same keys."""
    return lambda target: [target.write(long_line(**{f"unknown_{number}": 1})) for number in range(count)]


VPN, LIST = "tablet_vpn/{}/a", "list/MNG-0001/{}"
LIGHT = {
    "nothing but ends of lines": Hostile(f"{VPN}.ndjson", plain((b"\n", MIB)), {"NOT_JSON": MIB}),
    "a MiB of levels": Hostile(f"{VPN}.ndjson", plain((b'{"a":' * 170_000 + b"1" + b"}" * 170_000 + b"\n", 1), (GOOD, 1)), {"TOO_DEEP": 1, "read": 1}),
    "a MiB of brackets": Hostile(f"{VPN}.ndjson", plain((b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}\n", 1), (GOOD, 1)), {"TOO_DEEP": 1, "read": 1}),
    "a MiB of quotes that do not close": Hostile(f"{VPN}.ndjson", plain((b'{"a": 1,} "' + b'\\"' * 500_000 + b"\n", 2), (GOOD, 1)), {"NOT_JSON": 2, "read": 1}),
    "blanks before a bracket": Hostile(f"{VPN}.ndjson", plain((b'{"a": [1], "b": [2,' + b" " * 1_000_000 + b"]}\n", 3), (GOOD, 1)), {"NOT_JSON": 3, "read": 1}),
    "ninety thousand keys": Hostile(f"{VPN}.ndjson", plain((b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}\n", 2)), {"read": 2}),
    "a number of a million digits": Hostile(f"{VPN}.ndjson", plain((GOOD.replace(b'"religion": 1', b'"religion": ' + b"9" * 1_000_000), 2)), {"read": 2}),
    "blanks in quotes": Hostile(f"{LIST}.csv", plain((HEADER + PERSON, 1), (b'2;"x\n' + b" " * 30_000 + b'"\n', 30)), {"UNKNOWN_INSTITUTION": 31}),
    "a cell longer than any cell": Hostile(f"{LIST}.csv", plain((HEADER + PERSON + b"2;" + b"x" * 40_000 + b"\n", 1)), {"TOO_LARGE": 1}),
    "a date after many blanks": Hostile(f"{LIST}.csv", plain((HEADER, 1), (b"1;Li An;1950" + b" " * 30_000 + b"x;1\n", 20)), {"UNKNOWN_INSTITUTION": 20}),
    "titles of blanks": Hostile(f"{LIST}.csv", plain(("по состоянию на ".encode() + b" " * 30_000 + b"x\n", 20), (HEADER + PERSON, 1)), {"UNKNOWN_INSTITUTION": 1}),
    "a total beyond every number": Hostile(f"{LIST}.csv", plain((HEADER + PERSON + "Итого ".encode() + b"9" * 5000 + b"\n", 1)), {"UNKNOWN_INSTITUTION": 1}),
    "rows that are all hidden": Hostile(f"{LIST}.xlsx", xlsx(b'<row hidden="1"/>' * 2_000_000), {"TOO_LARGE": 1}),
    "rows hidden by the million": Hostile(f"{LIST}.ods", ods(b'<table:table table:name="a">', b'<table:table-row table:number-rows-repeated="3000000" table:visibility="collapse"/>' * 200, b"</table:table>"), {"HEADER_NOT_FOUND": 1}),
    "rows repeated less often than never": Hostile(f"{LIST}.ods", ods(b'<table:table table:name="a">', b'<table:table-row table:number-rows-repeated="-3000000"/>', b"</table:table>"), {"NOT_A_SPREADSHEET": 1}),
    "tables without end": Hostile(f"{LIST}.ods", ods(b"<table:table/>" * 1_000_000), {"TOO_MANY_SHEETS": 1}),
    "strings without end": Hostile(f"{LIST}.xlsx", strings(), {"TOO_LARGE": 1}),
    "one level in another": Hostile(f"{VPN}.json", page((b'{"a":' * 200_000, 1)), {"NOT_JSON": 1}),
    "columns without end": Hostile(f"{VPN}.zip", interviews(b"\tx" * 500_000, b"\n"), {"TOO_LARGE": 1}),
}  # fmt: skip
HEAVY = {
    "two GiB of one line": Hostile(f"{VPN}.ndjson", plain((b"x" * MIB, 2048), (b"\n" + GOOD, 1)), {"TOO_LONG": 1, "read": 1}),
    "two GiB of NULs": Hostile(f"{VPN}.ndjson", lambda target: target.truncate(2048 * MIB), {"TOO_LONG": 1}),
    "long texts": Hostile(f"{VPN}.ndjson", plain((long_line(), 600)), {"read": 600}),
    "long lines no two of which have the same keys": Hostile(f"{VPN}.ndjson", keys(600), {"read": 600}),
    "a list of two GiB": Hostile(f"{LIST}.csv", plain((HEADER, 1), (b"x" * MIB, 2048)), {"TOO_LARGE": 1}),
    "a list of letters": Hostile(f"{LIST}.csv", plain((HEADER, 1), ("ю;".encode() * 3_000_000, 1)), {"TOO_LARGE": 1}),
    "movements without end": Hostile("movement/MNG-0001/{}.csv", plain((MOVEMENTS, 1), (b"1,A\n", 2_000_000)), {"TOO_LARGE": 1}),
    "movements as many as are taken": Hostile("movement/MNG-0001/{}.csv", plain((MOVEMENTS, 1), (b"1,A\n", 199_999)), {"UNKNOWN_INSTITUTION": 199_999}),
    "a sheet full of numbers": Hostile(f"{LIST}.xlsx", xlsx(*cells("<c><v>1.5</v></c>")), {"TOO_LARGE": 1}),
    "a sheet as full as is taken": Hostile(f"{LIST}.xlsx", xlsx(*cells('<c t="inlineStr"><is><t>юю</t></is></c>')[:4990]), {"HEADER_NOT_FOUND": 1}),
    "one attribute of 250 MiB": Hostile(f"{LIST}.xlsx", xlsx(b'<row a="', *[b"x" * MIB] * 250, b'"/>'), {"TOO_LARGE": 1}),
    "a workbook of members without end": Hostile(f"{LIST}.xlsx", members(1_000_000), {"TOO_LARGE": 1}),
    "an archive of members without end": Hostile(f"{VPN}.zip", members(1_000_000), {"ARCHIVE_TOO_MANY": 1}),
    "a member of one line": Hostile(f"{VPN}.zip", interviews(b"\n", *[b"x" * MIB] * 2048), {"TOO_LARGE": 1}),
    "a member of one row": Hostile(f"{VPN}.zip", interviews(b"\n", *[b'"\n"\t' * (MIB // 4)] * 200), {"TOO_LARGE": 1}),
    "rows of long cells": Hostile(f"{VPN}.zip", interviews(b"\n", *[b"\t".join([b"x" * 90_000] * 11) + b"\n"] * 600), {"NO_CROSSWALK": 600}),
    "as many columns as are taken": Hostile(f"{VPN}.zip", interviews(b"\tx" * 4_980, b"\n", *[b"1\t" * 4_990 + b"1\n"] * 20), {"CROSSWALK_MISFIT": 20}),
    "a page of nothing": Hostile(f"{VPN}.json", page((b"{}," * MIB, 10)), {"TOO_LARGE": 1}),
    "a page of as many rows as are taken": Hostile(f"{VPN}.json", page((b"{},", 499_000)), {"NO_CROSSWALK": 499_001}),
}  # fmt: skip


def found(folder: Path, given: dict[str, Hostile], core_seconds: float) -> dict[str, dict[str, int]]:
    """Put hostile files into one inbox, read it in a process that is watched, and return what came of each."""
    places = {}
    for number, (name, one) in enumerate(given.items()):
        path = folder / "inbox" / one.path.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            one.write(target)
        if one.path.startswith("tablet_vpn"):
            path.parent.with_name(f"{number}.ready").touch()
            path = path.parent
        places[str(path.relative_to(folder / "inbox"))] = name
    done = watched("tests.fuzz.hostile", str(folder), core_seconds=core_seconds)
    print(f"{done.memory >> 20} MiB above rest, {done.core_seconds:.1f} core-seconds, of {len(given)} files")
    assert done.ended is None, done.err
    return {places[place]: reasons for place, reasons in json.loads(done.out).items() if place in places}


def test_files_made_to_do_harm_are_read_or_refused_by_their_reason(tmp_path: Path) -> None:
    assert found(tmp_path, LIGHT, 90) == {name: one.wanted for name, one in LIGHT.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_a_large_file_made_to_do_harm_is_read_or_refused_by_its_reason(tmp_path: Path, name: str) -> None:
    try:
        assert found(tmp_path, {name: HEAVY[name]}, 90) == {name: HEAVY[name].wanted}
    finally:
        for path in (*tmp_path.rglob("a.ndjson"), *tmp_path.rglob("*.csv")):
            path.unlink()
