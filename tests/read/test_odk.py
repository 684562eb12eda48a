"""ODK Central: CSV and OData are the same submissions; what was rejected or deleted there is withdrawn."""

from __future__ import annotations

import json
from collections.abc import Callable
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


HOUSEHOLDS = [files.household("a"), files.household("b")]
MEMBERS = [
    files.of_household("a", 1),
    files.of_household("a", 2, **{"person-family_name": "Әлиева", "person-sex": "female", "religion": None}),
]


@pytest.mark.parametrize("written", [files.households_csv, files.households_page])
def test_a_repeat_explodes_into_cases(
    desk: Desk, written: Callable[[list[files.Cells], list[files.Cells]], bytes]
) -> None:
    query = (
        "SELECT read_error, case_id, institution_id, family_name, sex, religion FROM record "
        "LEFT JOIN identity USING (record_id) LEFT JOIN answers USING (record_id) ORDER BY record_no"
    )
    assert read(desk, written(HOUSEHOLDS, MEMBERS), query) == [
        (None, "a.1", "MNG-0001", "Әлиев", 1, 1),
        (None, "a.2", "MNG-0001", "Әлиева", 2, None),
        ("EMPTY_ROSTER", None, None, None, None, None),
    ]
