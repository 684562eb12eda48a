"""Verification files: what each source says of itself and of whom, every row with a state, nothing taken on trust."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from pipeline.lake import clock_from
from tests.read.desk import Desk, rows
from tests.read.test_office import register, states, text, workbook

Cells = Sequence[object]
SOURCE = ("source_id", "source_kind", "institution_id", "taken_on", "row_count", "is_independent", "declared_by")
PERSON = ("source_id", "person_no", "finding", "iin", "family_name", "given_name", "patronymic", "sex", "birth_date")
ANSWER = ("source_id", "case_id", "variable", "value")
WARD_BOOK = ("book-1", "SECOND_SOURCE", "MNG-0001", date(2021, 8, 31), 1, True, "DEP-01")
ULAN = ("book-1", 1, None, "500201300012", "Әлиев", "Ұлан", "Серікұлы", 1, date(1950, 2, 1))


@pytest.fixture
def office(desk: Desk) -> Desk:
    """A desk whose register knows MNG-0001, MNG-0002 and one employee of the Department."""
    desk.put(
        "register/a.xlsx", register("MNG-0001", "MNG-0002", employee=[("employee_id", "full_name"), ("DEP-01", "x")])
    )
    return desk


def delivered(*sources: Cells, person: Sequence[Cells] = (), answer: Sequence[Cells] = ()) -> bytes:
    """Return a delivery as a workbook."""
    return workbook(source=[SOURCE, *sources], person=[PERSON, *person], answer=[ANSWER, *answer])


def test_a_source_says_what_it_is_and_names_lie_apart(office: Desk) -> None:
    office.put("verification/a.xlsx", delivered(WARD_BOOK, person=[ULAN]))
    bench = office.read_office()
    assert rows(
        bench,
        "SELECT source_kind, institution_id, taken_on, declared_count, row_count, is_independent, declared_by FROM verification_source",
    ) == [("SECOND_SOURCE", "MNG-0001", date(2021, 8, 31), 1, 1, True, "DEP-01")]
    assert rows(bench, "SELECT finding FROM verification_person JOIN verification_source USING (source_id)") == [
        ("PRESENT",)
    ]
    assert rows(
        bench,
        "SELECT iin, family_name, given_name, sex, birth_on FROM verification_identity JOIN verification_person USING (verification_id)",
    ) == [("500201300012", "Әлиев", "Ұлан", 1, date(1950, 2, 1))]
    assert states(bench, "verification") == [("in_force", None, 2)]


def test_a_folder_of_csv_is_a_delivery_too_once_its_flag_is_there(office: Desk) -> None:
    for name, table in {"source": [SOURCE, WARD_BOOK], "person": [PERSON, ULAN]}.items():
        office.put(f"verification/a/{name}.csv", text(table))
    assert office.receive("verification").waiting == 1
    office.put("verification/a.ready", b"")
    bench = office.read_office()
    assert rows(bench, "SELECT row_count, is_independent FROM verification_source") == [(1, True)]
    assert states(bench, "verification") == [("in_force", None, 2)]


@pytest.mark.parametrize(("said", "by"), [(True, None), (True, "DEP-99"), (False, "DEP-01"), (None, "DEP-01")])
def test_a_source_is_independent_only_where_somebody_the_register_knows_says_so(
    office: Desk, said: object, by: object
) -> None:
    office.put("verification/a.xlsx", delivered((*WARD_BOOK[:5], said, by), person=[ULAN]))
    assert rows(office.read_office(), "SELECT is_independent FROM verification_source") == [(False,)]


def test_a_source_sent_again_replaces_the_earlier_whole_and_others_stay(office: Desk) -> None:
    other = ("walk-1", "CONTROL_WALK", "MNG-0002", date(2021, 11, 3), 1, None, None)
    office.put(
        "verification/a.xlsx", delivered(WARD_BOOK, other, person=[ULAN, ("walk-1", 1, "NOT_PRESENT", *ULAN[3:])])
    )
    office.receive("verification", clock_from(datetime(2021, 11, 5, tzinfo=UTC)))
    office.put("verification/b.xlsx", delivered((*WARD_BOOK[:4], 0, *WARD_BOOK[5:])))
    bench = office.read_office()
    assert rows(bench, "SELECT source_kind, declared_count, row_count FROM verification_source ORDER BY 1") == [
        ("CONTROL_WALK", 1, 1),
        ("SECOND_SOURCE", 0, 0),
    ]
    assert rows(bench, "SELECT finding FROM verification_person") == [("NOT_PRESENT",)]
    assert states(bench, "verification") == [("in_force", None, 3), ("replaced", "NEWER_SOURCE", 2)]


def test_people_enumerated_at_home_are_of_no_institution(office: Desk) -> None:
    office.put(
        "verification/a.xlsx",
        delivered(("h", "HOME_RETURNS", None, date(2021, 11, 20), 1, None, None), person=[("h", *ULAN[1:])]),
    )
    assert rows(office.read_office(), "SELECT source_kind, institution_id, row_count FROM verification_source") == [
        ("HOME_RETURNS", None, 1)
    ]


def test_answers_of_a_second_interview_are_of_questions_with_few_answers(office: Desk) -> None:
    answers = [
        ("again", "case-1", "marital_status", 2),
        ("again", "case-1", "is_literate", "1"),
        ("again", "case-1", "religion", None),
        ("again", "case-1", "marital_status", 3),
        ("again", "case-1", "usual_address_text", "x"),
        ("again", "case-1", "family_name", "x"),
        ("again", "case-1", "languages_known", "kk"),
        ("again", "case-1", "disability_group", "IV"),
        ("again", "case-1", "is_proxy", "maybe"),
    ]
    source = ("again", "REINTERVIEW", "MNG-0001", date(2021, 11, 3), 3, None, None)
    office.put("verification/a.xlsx", delivered(source, answer=answers))
    bench = office.read_office()
    assert rows(bench, "SELECT case_id, variable, value FROM verification_answer ORDER BY ALL") == [
        ("case-1", "is_literate", "true"),
        ("case-1", "marital_status", "2"),
        ("case-1", "religion", None),
    ]
    assert rows(bench, "SELECT declared_count, row_count FROM verification_source") == [(3, 3)]
    assert states(bench, "verification") == [
        ("in_force", None, 4),
        ("quarantined", "BAD_VALUE", 2),
        ("quarantined", "BAD_VARIABLE", 3),
        ("quarantined", "DUPLICATE_KEY", 1),
    ]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (("book-1", "GOSSIP", *WARD_BOOK[2:]), "BAD_KIND"),
        (("book-1", "SECOND_SOURCE", "MNG-0099", *WARD_BOOK[3:]), "UNKNOWN_INSTITUTION"),
        (("book-1", "CONTROL_WALK", None, *WARD_BOOK[3:]), "UNKNOWN_INSTITUTION"),
        ((*WARD_BOOK[:3], "in August", *WARD_BOOK[4:]), "BAD_DATE"),
        ((*WARD_BOOK[:4], "all", *WARD_BOOK[5:]), "BAD_COUNT"),
        (("book 1", *WARD_BOOK[1:]), "NO_KEY"),
    ],
)
def test_rows_of_a_source_that_is_held_are_held_with_it(office: Desk, source: Cells, reason: str) -> None:
    office.put("verification/a.xlsx", delivered(source, person=[ULAN]))
    bench = office.read_office()
    assert rows(bench, "SELECT count(*) FROM verification_source") == [(0,)]
    assert rows(bench, "SELECT count(*) FROM verification_identity") == [(0,)]
    assert states(bench, "verification") == [("quarantined", state, 1) for state in sorted((reason, "UNKNOWN_SOURCE"))]


@pytest.mark.parametrize(
    ("first", "second", "is_settled"),
    [
        (delivered(("book-1", "GOSSIP", *WARD_BOOK[2:]), person=[ULAN]), "book-1", True),
        (delivered(("book-1", "GOSSIP", *WARD_BOOK[2:]), person=[ULAN]), "book-2", False),
        (delivered(("book 1", *WARD_BOOK[1:]), person=[("book 1", *ULAN[1:])]), "book-1", False),
        (workbook(people=[PERSON, ULAN]), "book-1", False),
    ],
    ids=["same source", "other source", "no key", "no sheet"],
)
def test_what_was_held_is_settled_by_a_later_delivery_of_its_source(
    office: Desk, first: bytes, second: str, is_settled: bool
) -> None:
    office.put("verification/a.xlsx", first)
    office.receive("verification", clock_from(datetime(2021, 11, 5, tzinfo=UTC)))
    office.put("verification/b.xlsx", delivered((second, *WARD_BOOK[1:]), person=[(second, *ULAN[1:])]))
    held = {(state, reason) for state, reason, _ in states(office.read_office(), "verification") if state != "in_force"}
    assert ({state for state, _ in held} == {"quarantined"}) != is_settled
    assert (held == {("replaced", "NEWER_SOURCE")}) == is_settled


def test_a_row_without_a_key_or_with_another_finding_is_held(office: Desk) -> None:
    people = [
        ULAN,
        ("book-1", 2, None, None, "Әлиев", None, None, 1, None),
        ("book-1", 3, "PERHAPS", *ULAN[3:]),
        ("book-1", None, None, *ULAN[3:]),
        ("book-2", 1, None, *ULAN[3:]),
        ("book-1", 4, None, None, "Әлиев", "Ұлан", None, "м", None),
    ]
    office.put("verification/a.xlsx", delivered((*WARD_BOOK[:4], 6, *WARD_BOOK[5:]), person=people))
    bench = office.read_office()
    assert rows(bench, "SELECT declared_count, row_count FROM verification_source") == [(6, 3)]
    assert states(bench, "verification") == [
        ("in_force", "VALUE_SET_ASIDE", 1),
        ("in_force", None, 3),
        ("quarantined", "BAD_FINDING", 1),
        ("quarantined", "NO_KEY", 1),
        ("quarantined", "UNKNOWN_SOURCE", 1),
    ]


def test_people_and_answers_belong_to_sources_of_their_kind(office: Desk) -> None:
    again = ("again", "REINTERVIEW", "MNG-0001", date(2021, 11, 3), 1, None, None)
    office.put(
        "verification/a.xlsx",
        delivered(WARD_BOOK, again, person=[("again", *ULAN[1:])], answer=[("book-1", "case-1", "marital_status", 1)]),
    )
    assert states(office.read_office(), "verification") == [("in_force", None, 2), ("quarantined", "OTHER_KIND", 2)]


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (b"", ("unreadable", "EMPTY_FILE", 1)),
        (b"PK\x03\x04 torn", ("unreadable", "NOT_A_SPREADSHEET", 1)),
        (workbook(person=[PERSON, ULAN]), ("quarantined", "NO_SOURCES", 1)),
        (workbook(people=[PERSON, ULAN]), ("quarantined", "HEADER_NOT_FOUND", 1)),
    ],
    ids=["empty", "torn", "without its source", "other sheets"],
)
def test_a_bad_file_is_told_and_an_earlier_one_stays(office: Desk, content: bytes, state: tuple[object, ...]) -> None:
    office.put("verification/a.xlsx", delivered(WARD_BOOK, person=[ULAN]))
    office.receive("verification", clock_from(datetime(2021, 11, 5, tzinfo=UTC)))
    office.put("verification/b.xlsx", content)
    bench = office.read_office()
    assert rows(bench, "SELECT row_count FROM verification_source") == [(1,)]
    assert states(bench, "verification") == [("in_force", None, 2), state]
