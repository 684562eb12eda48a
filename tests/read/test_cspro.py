"""CSPro data files: one case per institution, its people in a repeating record."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.read import foreign_files as files
from tests.read.desk import Desk, rows

CASE = "5b3c8288-2896-4669-9580-e16f5d1b6d01"


def read(desk: Desk, content: bytes, query: str, bundle: str = "X-01") -> list[tuple[Any, ...]]:
    files.put(desk, content, name="data.csdb", bundle=bundle)
    return rows(desk.read_submissions(), query)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a data file is written."""
    return tmp_path / "work" / "data.csdb"


def test_a_person_of_the_record_is_a_case(desk: Desk, path: Path) -> None:
    content = files.csdb(path, [files.case(1, [files.member(), files.member(p02_family="Ким".ljust(30))])])
    found = read(
        desk, content,
        "SELECT case_id, case_version, institution_id, staff_id, completed_at::VARCHAR, completed_offset_min, mistyped, family_name, patronymic, "
        "birth_on::VARCHAR, birth_date_precision, languages_known FROM record JOIN identity USING (record_id) JOIN answers USING (record_id) ORDER BY record_no",
    )  # fmt: skip
    known = (1, "MNG-0001", "ST-1", "2021-10-03 09:20:00", 300, [])
    person = (None, "1950-01-01", "DAY", ["KAZAKH", "RUSSIAN"])
    assert found == [(f"{CASE}.1", *known, "Әлиев", *person), (f"{CASE}.2", *known, "Ким", *person)]


def test_numbers_beyond_every_answer_are_none(desk: Desk, path: Path) -> None:
    odd = files.member(p05_sex=files.BEYOND, p09_religion=1.01e52, **{"p08_lang(1)": None, "p08_lang(2)": None})
    content = files.csdb(path, [files.case(1, [odd, files.member(p06_birth=195003), files.member(p06_birth=1950)])])
    query = "SELECT sex, religion, languages_known, birth_on::VARCHAR, birth_date_precision FROM identity JOIN answers USING (record_id) ORDER BY record_id"
    assert read(desk, content, query) == [
        (None, None, None, "1950-01-01", "DAY"),
        (1, 1, ["KAZAKH", "RUSSIAN"], "1950-03-01", "MONTH"),
        (1, 1, ["KAZAKH", "RUSSIAN"], "1950-01-01", "YEAR"),
    ]


def test_deleted_is_withdrawn_and_saved_in_part_is_partial(desk: Desk, path: Path) -> None:
    cases = [
        files.case(1, [files.member()], deleted=1, last_modified_revision=4),
        files.case(2, [files.member()], partial_save_mode="add", last_modified_revision=5),
        files.case(3, [files.member()], partial_save_mode=""),
        files.case(4, []),
    ]
    found = read(desk, files.csdb(path, cases), "SELECT case_status, case_version, read_error FROM record ORDER BY record_no")  # fmt: skip
    assert found == [("withdrawn", 4, None), ("partial", 5, None), ("submitted", 1, None), (None, None, "EMPTY_ROSTER")]


def test_the_vector_clock_goes_with_the_case(desk: Desk, path: Path) -> None:
    content = files.csdb(path, [files.case(1, [files.member()], clock={"b:,2": 3, "a1": 12})])
    assert read(desk, content, "SELECT case_clock FROM record") == [("a1:12,b__2:3",)]


def test_a_json_dictionary_names_the_instrument_too(desk: Desk, path: Path) -> None:
    text = '{"software":"CSPro","version":8.0,"fileType":"dictionary","name":"MNG_CENSUS_DICT","levels":[]}'
    assert read(desk, files.csdb(path, [files.case(1, [files.member()])], text), "SELECT read_error FROM record") == [(None,)]  # fmt: skip


def test_a_dictionary_nested_beyond_reading_names_no_instrument(desk: Desk, path: Path) -> None:
    content = files.csdb(path, [files.case(1, [files.member()])], '{"levels":' + "[" * 100_000)
    assert read(desk, content, "SELECT read_error FROM record") == [("NO_CROSSWALK",)]


def test_text_that_is_no_utf8_is_one_unreadable_row(desk: Desk, path: Path) -> None:
    files.csdb(path, [files.case(1, [files.member(), files.member()])])
    with sqlite3.connect(path) as con:
        con.execute("UPDATE person_rec SET p03_given = CAST(X'D2FF' AS TEXT) WHERE occ = 1")
    found = read(desk, path.read_bytes(), "SELECT read_error FROM record ORDER BY record_no")
    assert found == [("NOT_UTF8",), (None,)]


def test_a_damaged_or_other_database_is_one_unreadable_record(desk: Desk, path: Path) -> None:
    content = files.csdb(path, [files.case(n, [files.member()] * 40) for n in range(1, 40)])
    middle = len(content) // 2
    read(desk, content[:middle] + b"\xff" * 4096 + content[middle + 4096 :], "SELECT 1 FROM record", bundle="X-01")
    read(desk, content[:5000], "SELECT 1 FROM record", bundle="X-02")
    other = sqlite3.connect(path.with_name("other.db"))
    other.execute("CREATE TABLE t (x)")
    other.close()
    found = read(desk, path.with_name("other.db").read_bytes(), "SELECT read_error FROM record ORDER BY received_at", bundle="X-03")  # fmt: skip
    assert found == [("DAMAGED_FILE",), ("DAMAGED_FILE",), ("UNKNOWN_FILE",)]


def test_a_view_in_place_of_a_table_is_not_run(desk: Desk, path: Path) -> None:
    files.csdb(path, [files.case(1, [files.member()])])
    with sqlite3.connect(path) as con:
        con.execute("ALTER TABLE cases RENAME TO kept")
        con.execute(
            "CREATE VIEW cases AS WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT x AS id FROM t"
        )
    assert read(desk, path.read_bytes(), "SELECT read_error FROM record") == [("UNKNOWN_FILE",)]


def test_the_landed_file_is_not_touched(desk: Desk, path: Path) -> None:
    read(desk, files.csdb(path, [files.case(1, [files.member()])]), "SELECT 1 FROM record")
    landed = desk.landing()
    (folder,) = desk.lake.landing.glob("tablet_vpn/*/files")
    assert [file.name for file in folder.iterdir()] == ["data.csdb"]
    desk.read_submissions()
    assert desk.landing() == landed
