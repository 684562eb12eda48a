"""ODK Central: CSV and OData are the same submissions; what was rejected or deleted there is withdrawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.read import foreign_files as files
from tests.read.desk import Desk, line, rows, submission

NATIVE = submission(case_id="c0f9ce58-4388-4e7b-98d7-feac459d2e01", case_version=0, languages_known=["KAZAKH", "RUSSIAN"])  # fmt: skip


def read(desk: Desk, content: bytes, query: str, name: str = "file") -> list[tuple[Any, ...]]:
    files.put(desk, content, name=name)
    return rows(desk.read_submissions(), query)


def test_csv_odata_and_native_copies_of_a_case_have_one_digest(desk: Desk) -> None:
    files.put(desk, files.odk_csv([files.person()]), bundle="X-CSV")
    files.put(desk, files.odata_page([files.person()]), bundle="X-ODATA", name="page-00001.json")
    bench = desk.read_lines(line(NATIVE))
    query = (
        "SELECT case_id, case_version, form_version, mode, device_id, case_status, mistyped, answers_sha256 FROM record"
    )
    assert len(set(map(repr, rows(bench, query)))) == 1
    assert rows(bench, "SELECT count(*), count(DISTINCT bytes_sha256) FROM record WHERE read_error IS NULL") == [(3, 3)]


def test_the_moment_of_submission_is_the_mark_of_sending(desk: Desk) -> None:
    found = read(desk, files.odk_csv([files.person()]), "SELECT synced_at::VARCHAR, synced_offset_min FROM record")
    assert found == [("2021-10-03 16:00:00", 300)]


def test_edits_are_the_version_and_review_the_status(desk: Desk) -> None:
    persons = [
        files.person(1, ReviewState="approved", Edits=2), files.person(2, ReviewState="rejected"), files.person(3, ReviewState="hasIssues"),
        files.person(4, ReviewState="edited", Edits=1), files.person(5, DeletedAt="2021-10-09T10:00:00.000Z"),
    ]  # fmt: skip
    found = read(desk, files.odata_page(persons), "SELECT case_version, case_status FROM record ORDER BY record_no")
    assert found == [(2, "submitted"), (0, "withdrawn"), (0, "submitted"), (1, "submitted"), (0, "withdrawn")]


def test_what_is_still_encrypted_is_unreadable_and_its_neighbours_go_on(desk: Desk) -> None:
    persons = [files.person(1), files.person(2, Status="not decrypted"), files.person(3)]
    assert read(desk, files.odk_csv(persons), "SELECT read_error FROM record ORDER BY record_no") == [(None,), ("NOT_DECRYPTED",), (None,)]  # fmt: skip


def test_a_draft_of_a_form_is_not_taken(desk: Desk) -> None:
    page = files.odata_page([files.person()]).replace(b"mng_person.svc", b"mng_person/draft.svc")
    assert read(desk, page, "SELECT read_error FROM record") == [("DRAFT_FORM",)]


def _nested(depth: int) -> dict[str, Any]:
    """Return a submission of repeats within repeats."""
    row: dict[str, Any] = {"__id": "uuid:1"}
    for _ in range(depth):
        row = {"__id": "uuid:1", "r": [row]}
    return row


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (b'{"value":[{"__id":"uuid:1"', "NOT_JSON"),
        (b'{"value":[NaN],"@odata.context":"x"}', "NOT_JSON"),
        (b'{"value":[],"@odata.context":"https://x/$metadata#Other"}', "UNKNOWN_FILE"),
        (b'{"something":"else"}', "UNKNOWN_FILE"),
        (b'{"value":' + b"[" * 100_000, "NOT_JSON"),
        (files.odata_page([], value=[_nested(400)]), "TOO_DEEP"),
    ],
)
def test_a_page_that_is_none_is_one_unreadable_record(desk: Desk, page: bytes, code: str) -> None:
    assert read(desk, page, "SELECT read_error FROM record") == [(code,)]


def test_half_a_character_makes_its_row_unreadable_and_its_neighbours_go_on(desk: Desk) -> None:
    page = json.loads(files.odata_page([files.person(1), files.person(2), files.person(3)]))
    page["value"][1]["person"]["family_name"] = "A\ud83d"
    found = read(desk, json.dumps(page).encode(), "SELECT read_error FROM record ORDER BY record_no")
    assert found == [(None,), ("NOT_UTF8",), (None,)]


def test_a_row_that_is_no_object_is_unreadable(desk: Desk) -> None:
    page = json.loads(files.odata_page([files.person()]))
    page["value"].append("text")
    found = read(desk, json.dumps(page).encode(), "SELECT read_error FROM record ORDER BY record_no")
    assert found == [(None,), ("NOT_OBJECT",)]


HOUSEHOLD = """
tool: odk
instrument: household
rows: member
zone: Asia/Aqtau
fields:
  form_code: {constant: F3_PERSON}
  institution_id: place-code
  family_name: name
  sex: {column: sex, values: {m: 1, f: 2}}
  education_level: {column: level, values: {a: 7}}
"""


@pytest.fixture
def households(tmp_path: Path) -> Desk:
    """A desk with a crosswalk for a form with a repeat."""
    (tmp_path / "crosswalks").mkdir()
    (tmp_path / "crosswalks" / "household.yaml").write_text(HOUSEHOLD, encoding="utf-8")
    return Desk(tmp_path, threads=2, memory_limit="1GB", crosswalks=tmp_path / "crosswalks")


FOUND = "SELECT case_id, institution_id, family_name, sex, education_level FROM record LEFT JOIN identity USING (record_id) LEFT JOIN answers USING (record_id) ORDER BY record_no"
MEMBERS = [
    ("a.1", "MNG-0001", "A", 1, 7), ("a.2", "MNG-0001", "B", 2, None), (None, None, None, None, None),
]  # fmt: skip


def test_a_repeat_of_the_csv_explodes(households: Desk) -> None:
    main = "SubmissionDate,place-code,meta-instanceID,KEY,SubmitterID,SubmitterName,AttachmentsPresent,AttachmentsExpected,Status,ReviewState,DeviceID,Edits,FormVersion\n"
    row = "2021-10-03T16:00:00.000Z,MNG-0001,uuid:{0},uuid:{0},5,Alice,0,0,,,,0,1\n"
    members = 'name,sex,level,PARENT_KEY,KEY\nA,m,a,uuid:a,uuid:a/member[1]\n"B",f,,uuid:a,uuid:a/member[2]\n'
    content = files.zipped({"household.csv": main + row.format("a") + row.format("b"), "household-member.csv": members})
    assert read(households, content, FOUND) == MEMBERS
    assert rows(households.read_submissions(), "SELECT read_error FROM record ORDER BY record_no") == [(None,), (None,), ("EMPTY_ROSTER",)]  # fmt: skip


def test_an_expanded_repeat_of_odata_explodes_into_the_same_cases(households: Desk) -> None:
    system = {"submissionDate": "2021-10-03T16:00:00.000Z", "edits": 0, "status": None, "reviewState": None}
    people = [
        {"__id": "0f", "name": "A", "sex": "m", "level": "a"},
        {"__id": "1f", "name": "B", "sex": "f", "level": None},
    ]
    value = [
        {"__id": "uuid:a", "__system": system, "place": {"code": "MNG-0001"}, "member@odata.navigationLink": "Submissions('uuid%3Aa')/member", "member": people},
        {"__id": "uuid:b", "__system": system, "place": {"code": "MNG-0001"}, "member": []},
    ]  # fmt: skip
    page = {"value": value, "@odata.context": files.CONTEXT.format(form="household"), "@odata.count": 2}
    assert read(households, json.dumps(page).encode(), FOUND) == MEMBERS
