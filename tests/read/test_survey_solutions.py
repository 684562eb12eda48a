"""Survey Solutions exports: a roster explodes into cases, the history gives the version, the status says what a case is worth."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import build
from pipeline.read.foreign import archives, survey_solutions
from sandbox.seals import key_of, sealed
from tests.read import foreign_files as files
from tests.read.desk import Desk, line, rows, submission

ONE = files.survey_solutions([files.interview()], [files.resident()], [files.action(1, files.COMPLETED)])
NATIVE = submission(case_id="0128ff1866b04094b517f13b84fcaa5f.1", languages_known=["KAZAKH", "RUSSIAN"])


def read(desk: Desk, content: bytes, query: str) -> list[tuple[Any, ...]]:
    files.put(desk, content)
    return rows(desk.read_submissions(), query)


def test_a_row_of_the_roster_is_a_case_and_has_the_digest_of_its_native_copy(desk: Desk) -> None:
    files.put(desk, ONE)
    bench = desk.read_lines(line(NATIVE))
    found = rows(bench, "SELECT case_id, case_version, read_error, mistyped, unknown_key_count, answers_sha256 FROM record ORDER BY received_at")  # fmt: skip
    assert found[0] == found[1]
    assert found[0][:4] == ("0128ff1866b04094b517f13b84fcaa5f.1", 1, None, [])
    assert rows(bench, "SELECT roster_case_id FROM record ORDER BY received_at")[0] == ("0128ff1866b04094b517f13b84fcaa5f",)  # fmt: skip


def test_the_same_case_by_another_route_is_repeated(desk: Desk) -> None:
    """Down to the state in the ledger: what was held or counted once is not so again."""
    desk.know_tablet()
    digest = {"export.zip": hashlib.sha256(ONE).hexdigest()}
    said = {"bundle_id": "X-01", "device_id": "TB-0001", "institution_id": "MNG-0001", "files_sha256": digest}
    for name, content in sealed(said, key_of(1, "TB-0001")).items():
        desk.put(f"tablet_vpn/X-01/{name}", content)
    files.put(desk, ONE)
    desk.bundle("tablet_usb/STICK/TB-0001-01", lines=line(NATIVE | {"synced_at": None}) + b"\n")
    desk.put("tablet_usb/STICK/custody.json", b"{}")
    desk.receive("tablet_usb")
    made = build.open_build(desk.lake, desk.settings)
    for step in ("read", "check", "resolve"):
        build.run_step(desk.lake, desk.settings, made, step)
    query = f"SELECT route, state FROM '{made.folder}/resolve/record_state.parquet' ORDER BY received_at"
    assert duckdb.sql(query).fetchall() == [("tablet_vpn", "counted"), ("tablet_usb", "repeated")]


def test_what_was_not_answered_is_empty(desk: Desk) -> None:
    query = "SELECT iin_missing_reason, patronymic, birth_date_precision, residence_status, marital_status, proxy_source, languages_known FROM identity JOIN answers USING (record_id)"
    assert read(desk, ONE, query) == [(None, None, "DAY", None, None, None, ["KAZAKH", "RUSSIAN"])]


@pytest.mark.parametrize(
    ("parts", "born"),
    [
        ({"birth_month": -999999999, "birth_day": -999999999}, ("1950-01-01", "YEAR")),
        ({"birth_month": 7, "birth_day": 99}, ("1950-07-01", "MONTH")),
        ({"birth_year": -999999999}, (None, None)),
        ({"birth_month": 2, "birth_day": 31}, (None, "DAY")),
    ],
)
def test_a_date_in_parts_knows_how_exact_it_is(desk: Desk, parts: dict[str, int], born: tuple[str | None, ...]) -> None:
    content = files.survey_solutions([files.interview()], [files.resident(**parts)], [])
    assert read(desk, content, "SELECT birth_on::VARCHAR, birth_date_precision FROM identity") == [born]


def test_a_code_nobody_translated_is_set_aside_and_not_taken_for_one_of_ours(desk: Desk) -> None:
    content = files.survey_solutions([files.interview()], [files.resident(sex=3, position=7)], [])
    query = "SELECT sex, position_in_institution, mistyped FROM record JOIN identity USING (record_id) JOIN answers USING (record_id)"
    assert read(desk, content, query) == [(None, "?7", ["sex"])]


def test_the_version_is_how_often_the_interview_was_completed(desk: Desk) -> None:
    interviews = [files.interview(n) for n in (1, 2, 3)]
    history = [
        files.action(1, 2, "09:00:00"),
        *(files.action(1, 3, f"0{n}:20:00") for n in (8, 9)),
        files.action(2, 12),
    ]
    content = files.survey_solutions(interviews, [files.resident(n) for n in (1, 2, 3)], history)
    assert read(desk, content, "SELECT case_version FROM record ORDER BY record_no") == [(2,), (0,), (None,)]


def test_times_of_the_tool_are_written_on_the_clock_of_the_zone(desk: Desk, tmp_path: Path) -> None:
    crosswalk = (Path("data/crosswalks") / "survey-solutions-institution.yaml").read_text(encoding="utf-8")
    text = "\n".join(row for row in crosswalk.splitlines() if "completed_at" not in row)
    (tmp_path / "crosswalks").mkdir()
    (tmp_path / "crosswalks" / "one.yaml").write_text(text, encoding="utf-8")
    other = Desk(tmp_path / "other", threads=2, memory_limit="1GB", crosswalks=tmp_path / "crosswalks")
    found = read(other, ONE, "SELECT completed_at::VARCHAR, completed_offset_min FROM record")
    assert found == [("2021-10-03 09:20:00", 300)]


def test_the_status_says_what_the_case_is_worth(desk: Desk) -> None:
    worth = {-1: "withdrawn", 20: "draft", 60: "draft", 65: "partial", 95: "draft", 100: "submitted", 120: "submitted", 125: "partial", 130: "submitted"}  # fmt: skip
    interviews = [files.interview(number, interview__status=status) for number, status in enumerate(worth, start=1)]
    content = files.survey_solutions(interviews, [files.resident(n) for n in range(1, len(worth) + 1)], [])
    found = read(desk, content, "SELECT case_status FROM record ORDER BY record_no")
    assert [status for (status,) in found] == list(worth.values())


def test_every_row_is_accounted_for(desk: Desk) -> None:
    """Nobody in an interview, a row without its interview, and damaged rows are records of their own."""
    good = files.survey_solutions(
        [files.interview(1), files.interview(2)], [files.resident(1), files.resident(9, family_name="Ә\tli")], []
    )
    with zipfile.ZipFile(_saved(desk, good)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["resident.tab"] += b"too\tfew\r\n" + members["resident.tab"].splitlines(keepends=True)[1].replace("Ұлан".encode(), b"\xd2\xff")  # fmt: skip
    members["resident.tab"] += b'77"81\t"never closed'
    found = read(desk, files.zipped(members), "SELECT read_error, count(*) FROM record GROUP BY ALL ORDER BY ALL")
    assert found == [("BAD_ROW", 2), ("EMPTY_ROSTER", 1), ("NOT_UTF8", 1), ("ORPHAN_ROW", 1), (None, 1)]
    assert rows(desk.read_submissions(), "SELECT count(DISTINCT bytes_sha256) FROM record") == [(6,)]


def test_a_text_with_tabs_and_line_breaks_stays_one_answer(desk: Desk) -> None:
    content = files.survey_solutions([files.interview()], [files.resident(family_name='A\t"b"\r\nc')], [])
    assert read(desk, content, "SELECT family_name FROM identity") == [('A\t"b"\r\nc',)]


def test_a_history_without_even_a_header_is_no_history(desk: Desk) -> None:
    content = files.survey_solutions([files.interview()], [files.resident()], None, interview__actions__DOT__tab="")
    assert read(desk, content, "SELECT read_error, case_version FROM record") == [(None, None)]


def test_whatever_else_a_file_does_to_its_reader_it_stops_no_build(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code that trips over it is of our own making: a file that does so is one we know of, and would be mended."""

    def tripping(*_: object) -> None:
        raise LookupError("Әлиев")

    files.put(desk, ONE)
    monkeypatch.setattr(survey_solutions, "read", tripping)
    bench = desk.read_lines(line(NATIVE))
    assert rows(bench, "SELECT read_error FROM record ORDER BY received_at") == [("DAMAGED_FILE",), (None,)]


def test_no_interview_is_one_empty_file(desk: Desk) -> None:
    assert read(desk, files.survey_solutions([], [], []), "SELECT read_error FROM record") == [("EMPTY_FILE",)]


# ---------------------------------------------------------------- archives


def _saved(desk: Desk, content: bytes) -> Path:
    path = desk.root / "saved.zip"
    path.write_bytes(content)
    return path


def _link() -> bytes:
    info = zipfile.ZipInfo("mng_institution.tab")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(info, b"/etc/passwd")
    return target.getvalue()


def _locked() -> bytes:
    """Set the bit that says a password is needed, in the list of members and before the first."""
    content = bytearray(ONE)
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(magic) + at
        struct.pack_into("<H", content, place, struct.unpack_from("<H", content, place)[0] | 1)
    return bytes(content)


def _bent() -> bytes:
    """Damage a byte in the packed table of interviews."""
    content = bytearray(ONE)
    content[content.find(b"mng_institution.tab") + 60] ^= 0xFF
    return bytes(content)


UNSAFE = {
    "a path up": (lambda: files.zipped({"../../evil.tab": "x"}), "ARCHIVE_PATH"),
    "a path from the root": (lambda: files.zipped({"/etc/evil.tab": "x"}), "ARCHIVE_PATH"),
    "a path of Windows": (lambda: files.zipped({"C:\\evil.tab": "x"}), "ARCHIVE_PATH"),
    "a path with backslashes": (lambda: files.zipped({"..\\evil.tab": "x"}), "ARCHIVE_PATH"),
    "a link": (_link, "ARCHIVE_LINK"),
    "an archive within": (lambda: files.zipped({"inner.zip": "PK"}), "ARCHIVE_NESTED"),
    "an archive by another name": (lambda: files.zipped({"resident.tab": files.zipped({"a": "b"})}), "ARCHIVE_NESTED"),
    "a password": (_locked, "ARCHIVE_ENCRYPTED"),
    "a damaged member": (_bent, "DAMAGED_FILE"),
    "a cut archive": (lambda: ONE[: len(ONE) // 2], "DAMAGED_FILE"),
    "a history whose header is damaged": (
        lambda: files.survey_solutions([], [], None, interview__actions__DOT__tab='"x"y\n'),
        "DAMAGED_FILE",
    ),
    "some other archive": (lambda: files.zipped({"photo.txt": "x"}), "UNKNOWN_FILE"),
    "no archive": (lambda: b"\x89PNG\r\n", "UNKNOWN_FILE"),
}


def test_an_unsafe_or_unknown_file_is_one_unreadable_record_and_the_rest_goes_on(desk: Desk) -> None:
    for number, (make, _) in enumerate(UNSAFE.values(), start=1):
        files.put(desk, ONE, name=f"{number}-good.zip", bundle=f"X-{number:02d}")
        desk.put(f"tablet_vpn/Y-{number:02d}/good.ndjson", line(submission(number)))
        files.put(desk, make(), name="bad.zip", bundle=f"Y-{number:02d}")
    found = rows(desk.read_submissions(), "SELECT read_error FROM record ORDER BY received_at, record_no")
    expected = [fault for _, code in UNSAFE.values() for fault in (None, code, None)]
    assert [fault for (fault,) in found] == expected


def test_what_unpacks_beyond_the_limits_is_refused_unread(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000_000)
    bomb = files.zipped({"mng_institution.tab": b"x" * 10_000_001})
    assert len(bomb) < 20_000
    assert read(desk, bomb, "SELECT read_error FROM record") == [("ARCHIVE_TOO_LARGE",)]


def test_too_many_members_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    assert read(desk, ONE, "SELECT read_error FROM record") == [("ARCHIVE_TOO_MANY",)]


def test_a_member_longer_than_its_archive_says_is_not_read_on(desk: Desk) -> None:
    """The list of members lies about the length: no more than that is unpacked, and the checksum then betrays it."""
    content = bytearray(files.survey_solutions([files.interview(n % 99) for n in range(2000)], [], []))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.find(magic) + at
        struct.pack_into("<I", content, place, 1000)
    assert read(desk, bytes(content), "SELECT read_error FROM record") == [("DAMAGED_FILE",)]
