"""What verification files say of the count; every number here is worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_coverage, make_verification
from tests.count.field import Field

MOMENT = "2021-08-31"


@pytest.fixture
def field(tmp_path: Path) -> Field:
    """One orphanage, nobody counted yet."""
    made = Field(tmp_path)
    made.institution("A", "ORPH")
    return made


def source(
    field: Field,
    kind: str = "SECOND_SOURCE",
    site: str | None = "A",
    *,
    on: str = MOMENT,
    rows: int = 0,
    declared: int | None = None,
    is_independent: bool = True,
) -> str:
    """Hand in a source with so many rows in force."""
    source_id = f"v{field.value('SELECT count(*) FROM verification_source'):03d}"
    field.add("verification_source", source_id=source_id, source_kind=kind, institution_id=site, taken_on=on, row_count=rows,
              declared_count=rows if declared is None else declared, is_independent=is_independent, batch_id="v")  # fmt: skip
    return source_id


def name(field: Field, source_id: str, outcome: str, person_id: str | None = None, count: int = 1, **more: Any) -> None:
    """Let a source name people who were found or not."""
    for _ in range(count):
        number = field.value("SELECT count(*) FROM verification_match")
        values = {
            "finding": "PRESENT",
            "outcome": outcome,
            "person_id": person_id,
            "sex": 1,
            "age_completed": 30,
            **more,
        }
        field.add("verification_match", verification_id=f"w{number:05d}", source_id=source_id, **values)


def name_counted(field: Field, source_id: str, first: int, count: int, **more: Any) -> None:
    """Let a source name so many of the persons counted, from the given number on."""
    for number in range(first, first + count):
        name(field, source_id, "COUNTED_HERE", f"p{number:05d}", **more)


def look(field: Field) -> None:
    field.write("expected")
    make_coverage(field)
    make_verification(field)


def estimate(field: Field, stratum: str = "TOTAL", kind: str = "SECOND_SOURCE") -> dict[str, Any]:
    return field.row(f"SELECT * FROM coverage_estimate WHERE stratum_id = '{stratum}' AND source_kind = '{kind}'")


def statuses(field: Field) -> list[tuple[Any, ...]]:
    return field.con.execute(
        "SELECT source_kind, status, person_count FROM verification WHERE status <> 'MISSING' ORDER BY ALL"
    ).fetchall()


def test_an_independent_source_estimates_the_people_there_are(field: Field) -> None:
    # the handbook's numbers: 950 counted, 480 in the ward book, 456 in both
    field.people(950, usual="A", present="A", sex=1, age_completed=30)
    book = source(field, rows=480)
    name_counted(field, book, 0, 456)
    name(field, book, "NOT_FOUND", count=24)
    look(field)
    for found in (estimate(field), estimate(field, "ORPH/1/15-64")):
        assert (found["standing"], found["counted_count"], found["source_count"], found["matched_count"]) == (
            "ESTIMATE",
            950,
            480,
            456,
        )
        assert (found["lincoln_petersen_count"], found["match_rate"]) == (1000, 0.95)
        assert (round(found["estimated_count"], 2), round(found["variance"], 3)) == (999.94, 56.698)
        assert (round(found["low_count"], 1), round(found["high_count"], 1)) == (985.2, 1014.7)
        assert (round(found["net_error_count"], 2), round(found["net_undercount_rate"], 4)) == (-49.94, 0.0499)
        assert (found["erroneous_count"], found["omission_count"]) == (None, None), "no walk looked for them"


def test_omissions_stand_beside_the_net_error_where_a_walk_looked_for_the_wrongly_included(field: Field) -> None:
    # 970 counted, the walk finds 20 of them were not there: again 950, 480, 456
    field.people(970, usual="A", present="A", sex=1, age_completed=30)
    book, walk = source(field, rows=480), source(field, "CONTROL_WALK", on="2021-11-03", rows=970)
    name_counted(field, book, 0, 456)
    name(field, book, "NOT_FOUND", count=24)
    name_counted(field, walk, 0, 950)
    name_counted(field, walk, 950, 20, finding="NOT_PRESENT")
    look(field)
    found = estimate(field)
    assert (found["counted_count"], found["erroneous_count"], found["lincoln_petersen_count"]) == (970, 20, 1000)
    assert round(found["net_error_count"], 2) == -29.94
    assert (round(found["omission_count"], 2), round(found["gross_error_count"], 2)) == (49.94, 69.94)


def test_who_is_in_the_book_was_there_whatever_the_walk_says(field: Field) -> None:
    field.people(40, usual="A", present="A", sex=1, age_completed=30)
    book, walk = source(field, rows=40), source(field, "CONTROL_WALK", on="2021-11-03", rows=1)
    name_counted(field, book, 0, 40)
    name_counted(field, walk, 0, 1, finding="NOT_PRESENT")
    look(field)
    found = estimate(field)
    assert (found["erroneous_count"], found["estimated_count"], found["omission_count"]) == (0, 40, 0)


def test_only_a_walk_says_who_was_wrongly_counted_and_nobody_is_counted_twice_for_it(field: Field) -> None:
    field.people(40, usual="A", present="A", sex=1, age_completed=30)
    book, walk = source(field, rows=40), source(field, "CONTROL_WALK", on="2021-11-03", rows=40)
    name_counted(field, book, 0, 37)
    name_counted(field, book, 37, 3, finding="NOT_PRESENT")
    name_counted(field, walk, 0, 39)
    name_counted(field, walk, 39, 1, finding="NOT_PRESENT")  # with the book; of two others it says they were there
    look(field)
    found = estimate(field)
    assert (found["counted_count"], found["erroneous_count"]) == (40, 1)


def test_a_source_of_a_site_without_a_category_is_used(field: Field) -> None:
    field.con.execute("UPDATE institution SET category_code = NULL")
    field.people(40, usual="A", present="A", sex=1, age_completed=30)
    name_counted(field, source(field, rows=40), 0, 40)
    look(field)
    assert estimate(field, "UNKNOWN/1/15-64")["estimated_count"] == 40


def test_thin_strata_are_joined_before_they_are_estimated(field: Field) -> None:
    # men 30 of 40, boys 5 of 8 of the same sex: joined to (38 counted, 48 named, 35 in both) = 39 * 49 / 36 - 1
    field.people(30, usual="A", present="A", sex=1, age_completed=30)
    field.people(8, usual="A", present="A", sex=1, age_completed=8)
    field.people(25, usual="A", present="A", sex=2, age_completed=70)
    book = source(field, rows=73)
    name_counted(field, book, 0, 30)
    name(field, book, "NOT_FOUND", count=10)
    name_counted(field, book, 30, 5)
    name(field, book, "NOT_FOUND", count=3, age_completed=8)
    name_counted(field, book, 38, 25, sex=1)  # of the other sex by the book: the count has it
    look(field)
    assert [row["stratum_id"] for row in field.rows("SELECT stratum_id FROM coverage_estimate ORDER BY ALL")] == [
        "ORPH/1", "ORPH/2/65+", "TOTAL",
    ]  # fmt: skip
    men, women, total = estimate(field, "ORPH/1"), estimate(field, "ORPH/2/65+"), estimate(field)
    assert (men["counted_count"], men["source_count"], men["matched_count"]) == (38, 48, 35)
    assert men["estimated_count"] == pytest.approx(39 * 49 / 36 - 1)
    assert (women["estimated_count"], women["variance"]) == (25, 0)
    assert total["estimated_count"] == pytest.approx(men["estimated_count"] + 25)
    assert total["lincoln_petersen_count"] == pytest.approx(38 * 48 / 35 + 25)


def test_too_few_in_both_are_no_estimate(field: Field) -> None:
    field.people(19, usual="A", present="A", sex=1, age_completed=30)
    book = source(field, rows=19)
    name_counted(field, book, 0, 19)
    look(field)
    found = estimate(field)
    assert (found["standing"], found["matched_count"], found["estimated_count"]) == ("TOO_FEW", 19, None)


@pytest.mark.parametrize(("kind", "on"), [("CONTROL_WALK", "2021-11-03"), ("SECOND_SOURCE", MOMENT)])
def test_a_walk_or_a_source_nobody_vouches_for_verifies_and_never_estimates(field: Field, kind: str, on: str) -> None:
    field.people(50, usual="A", present="A", sex=1, age_completed=30)
    seen = source(field, kind, on=on, rows=50, is_independent=False)
    name_counted(field, seen, 0, 40)
    name(field, seen, "NOT_FOUND", count=6)
    name(field, seen, "COUNTED_AWAY", "p00049", count=4)
    look(field)
    rows = field.rows("SELECT * FROM coverage_estimate ORDER BY stratum_id")
    assert [(row["stratum_id"], row["standing"], row["match_rate"]) for row in rows] == [
        ("ORPH", "VERIFICATION", 0.8),
        ("TOTAL", "VERIFICATION", 0.8),
    ]
    assert {row["estimated_count"] for row in rows} == {None}


def test_list_and_enumeration_verify_and_never_estimate(field: Field) -> None:
    field.listed(10)
    field.outcomes(["COUNTED"] * 6 + ["TEMP_ABSENT", "NOT_FOUND", "DOUBLE_ENTRY", "STAFF"])
    field.people(7, usual="A", present="A")
    look(field)
    found = estimate(field, "ORPH", "LIST")
    assert (found["standing"], found["counted_count"], found["source_count"], found["matched_count"]) == (
        "VERIFICATION",
        7,
        8,
        7,
    )
    assert (found["match_rate"], found["estimated_count"]) == (0.875, None)


def test_only_the_institutions_a_source_speaks_of_are_compared(field: Field) -> None:
    field.institution("B", "ORPH")
    field.people(30, usual="A", present="A", sex=1, age_completed=30)
    field.people(500, usual="B", present="B", sex=1, age_completed=30)
    field.people(5, usual="A", present=None, sex=1, age_completed=30)
    book = source(field, rows=30)
    name_counted(field, book, 0, 30)
    look(field)
    assert estimate(field)["counted_count"] == 30


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"on": "2021-06-01"}, "STALE"),
        ({"on": "2021-09-02"}, "STALE"),
        ({"declared": 25}, "INCOMPLETE"),
        ({"declared": 0}, "INCOMPLETE"),
    ],
)
def test_a_source_that_cannot_be_used_leaves_no_figure(field: Field, changes: dict[str, Any], status: str) -> None:
    field.people(24, usual="A", present="A", sex=1, age_completed=30)
    book = source(field, rows=24, **changes)
    name_counted(field, book, 0, 24)
    look(field)
    assert statuses(field) == [("SECOND_SOURCE", status, None)]
    assert field.rows("FROM coverage_estimate") == []


def test_without_any_file_each_kind_is_said_to_be_missing(field: Field) -> None:
    look(field)
    assert [(row["source_kind"], row["status"]) for row in field.rows("FROM verification ORDER BY source_kind")] == [
        (kind, "MISSING") for kind in ("CONTROL_WALK", "HOME_RETURNS", "REINTERVIEW", "SECOND_SOURCE")
    ]
    assert field.rows("FROM coverage_estimate UNION ALL BY NAME FROM content_error") == []


def test_of_two_books_of_one_institution_the_one_vouched_for_speaks(field: Field) -> None:
    field.people(24, usual="A", present="A", sex=1, age_completed=30)
    other, book = source(field, rows=24, is_independent=False), source(field, rows=24)
    for source_id in (other, book):
        name_counted(field, source_id, 0, 24)
    look(field)
    assert statuses(field) == [("SECOND_SOURCE", "OTHER_USED", None), ("SECOND_SOURCE", "USED", 24)]
    assert estimate(field)["counted_count"] == 24


@pytest.mark.parametrize("on", [MOMENT, "2021-06-01"])
def test_a_book_that_names_nobody_is_taken_back_and_displaces_none(field: Field, on: str) -> None:
    field.people(24, usual="A", present="A", sex=1, age_completed=30)
    source(field, on=on)
    book = source(field, rows=24)
    name_counted(field, book, 0, 24)
    look(field)
    assert statuses(field) == [("SECOND_SOURCE", "USED", 24), ("SECOND_SOURCE", "WITHDRAWN", None)]
    assert estimate(field)["standing"] == "ESTIMATE"


def test_what_became_of_those_a_source_names(field: Field) -> None:
    field.people(2, usual="A", present="A")
    walk = source(field, "CONTROL_WALK", on="2021-11-03", rows=8)
    name_counted(field, walk, 0, 1)
    name_counted(field, walk, 1, 1, finding="NOT_PRESENT")
    for outcome in ("COUNTED_AWAY", "NOT_COUNTED", "NOT_FOUND", "NOT_FOUND", "DOUBLE", "UNNAMED"):
        name(field, walk, outcome)
    look(field)
    row = field.row("FROM verification WHERE source_kind = 'CONTROL_WALK'")
    counts = ("person_count", "counted_here_count", "counted_away_count", "not_counted_count", "not_found_count", "double_count", "unnamed_count", "erroneous_count")  # fmt: skip
    assert [row[count] for count in counts] == [5, 1, 1, 1, 2, 1, 1, 1]


def test_who_is_counted_as_living_here_and_enumerated_at_home_is_shown(field: Field) -> None:
    field.people(1, usual="A", present="A")
    field.people(1, usual=None, present="A")
    home = source(field, "HOME_RETURNS", None, on="2021-11-20", rows=3)
    name(field, home, "COUNTED_AWAY", "p00000")
    name(field, home, "COUNTED_AWAY", "p00001")
    name(field, home, "NOT_COUNTED")
    look(field)
    row = field.row("FROM verification WHERE source_kind = 'HOME_RETURNS'")
    assert (row["counted_away_count"], row["usual_count"], row["not_counted_count"]) == (2, 1, 1)


def test_boarders_of_whom_no_home_return_is_seen_are_shown_and_stay_where_they_are(field: Field) -> None:
    for number, category in enumerate(["BOARD_GIFT", "BOARD_SPORT", "BOARD_GIFT", "INPAT"]):
        field.add(
            "forwarded",
            record_id=f"r{number}",
            person_id=f"b{number}",
            category_code=category,
            reason="BELONGS_ELSEWHERE",
        )
    field.add("forwarded", record_id="again", person_id="b2", category_code="BOARD_SPORT", reason="BELONGS_ELSEWHERE")
    home = source(field, "HOME_RETURNS", None, on="2021-11-20", rows=2)
    name(field, home, "NOT_COUNTED", "b0")
    name(field, home, "NOT_FOUND")
    look(field)
    row = field.row("FROM verification WHERE source_kind = 'HOME_RETURNS'")
    assert (row["not_counted_count"], row["unseen_count"]) == (1, 2)


def asked_again(
    field: Field, source_id: str, pairs: list[tuple[object, str | None]], variable: str = "marital_status"
) -> None:
    """Ask people twice; what they said first and then."""
    for first, then in pairs:
        number = field.value("SELECT count(*) FROM respondent")
        field.add("respondent", record_id=f"r{number}", case_id=f"c{number}")
        field.add("answers", record_id=f"r{number}", **{variable: first})
        field.add("verification_answer", source_id=source_id, case_id=f"c{number}", variable=variable, value=then)


def test_answers_of_second_interviews_by_class(field: Field) -> None:
    # of 100: 40 single both times, 10 only first, 5 only then, 45 never
    again = source(field, "REINTERVIEW", on="2021-11-03", rows=101)
    pairs = [(1, "1")] * 40 + [(1, "2")] * 10 + [(2, "1")] * 5 + [(2, "2")] * 45
    asked_again(field, again, [*pairs, (None, "1"), (1, None)])
    field.add("verification_answer", source_id=again, case_id="nobody's", variable="marital_status", value="1")
    look(field)
    single, married = field.rows("FROM content_error ORDER BY class_code")
    assert (single["class_code"], single["asked_count"]) == ("1", 100)
    assert (single["both_count"], single["census_only_count"], single["reinterview_only_count"]) == (40, 10, 5)
    assert (single["agreement_rate"], single["gross_difference_rate"], single["net_difference_rate"]) == (
        0.85,
        0.15,
        0.05,
    )
    assert (round(single["inconsistency_index"], 9), single["verdict"]) == (30, "moderate")
    assert (married["net_difference_rate"], round(married["inconsistency_index"], 9)) == (-0.05, 30)
    row = field.row("FROM verification WHERE source_kind = 'REINTERVIEW'")
    assert (row["status"], row["person_count"], row["counted_here_count"], row["not_found_count"]) == (
        "USED",
        103,
        102,
        1,
    )


def test_yes_and_no_are_classes_and_what_is_no_code_is_not_compared(field: Field) -> None:
    again = source(field, "REINTERVIEW", on="2021-11-03", rows=4)
    asked_again(field, again, [(True, "true"), (True, "false")], "is_literate")
    asked_again(field, again, [("Иванов", "NONE"), ("NONE", "NONE")], "disability_group")
    look(field)
    assert [
        (row["variable"], row["class_code"], row["asked_count"])
        for row in field.rows("FROM content_error ORDER BY ALL")
    ] == [
        ("disability_group", "NONE", 1),
        ("is_literate", "false", 2),
        ("is_literate", "true", 2),
    ]


def test_stale_second_interviews_are_left_out(field: Field) -> None:
    again = source(field, "REINTERVIEW", on="2021-08-01", rows=2)
    asked_again(field, again, [(1, "1"), (1, "2")])
    look(field)
    assert field.rows("FROM content_error") == []


def told(field: Field) -> list[tuple[Any, ...]]:
    field.discrepancies()
    return field.con.execute(
        "SELECT kind, severity, institution_id, subject_kind, measured::DOUBLE FROM discrepancy WHERE kind LIKE 'VERIFICATION%' ORDER BY ALL"
    ).fetchall()


def test_a_stale_an_incomplete_and_a_held_file_are_told_without_a_word_of_the_sender(field: Field) -> None:
    field.add("batch", batch_id="v", route="verification", received_at="2021-10-10 10:00")
    source(field, on="2021-08-29", rows=3)
    source(field, "CONTROL_WALK", on="2021-10-03", rows=8, declared=10)
    for number, (kind, state, reason) in enumerate(
        [("source", "quarantined", "BAD_KIND"), ("person", "quarantined", "UNKNOWN_SOURCE"), ("person", "quarantined", "NO_IDENTITY"),
         ("verification", "unreadable", "NOT_A_SPREADSHEET"), ("source", "in_force", None)]
    ):  # fmt: skip
        field.add("intake_record", record_id=f"i{number}", batch_id="v", route="verification", kind=kind, state=state, reason=reason,
                  received_at="2021-10-10 10:00")  # fmt: skip
    assert told(field) == [
        ("VERIFICATION_HELD", "amber", "UNKNOWN", "batch", 3.0),
        ("VERIFICATION_INCOMPLETE", "amber", "A", "source", 2.0),
        ("VERIFICATION_STALE", "amber", "A", "source", 2.0),
    ]
    field.add_all("intake_discarded", [{"record_id": f"i{number}"} for number in (0, 1, 3)])
    assert [row[0] for row in told(field)] == ["VERIFICATION_INCOMPLETE", "VERIFICATION_STALE"]


@pytest.mark.parametrize(("received_at", "is_told"), [("2021-10-10 09:00", True), ("2021-10-10 11:00", False)])
def test_a_torn_file_is_told_until_one_that_can_be_used_has_followed(
    field: Field, received_at: str, is_told: bool
) -> None:
    field.add("batch", batch_id="v", route="verification", received_at=received_at)
    source(field, "CONTROL_WALK", on="2021-10-03", rows=8)
    field.add("intake_record", record_id="i", batch_id="torn", route="verification", kind="verification", state="unreadable",
              reason="NOT_A_SPREADSHEET", received_at="2021-10-10 10:00")  # fmt: skip
    assert [row[0] for row in told(field)] == ["VERIFICATION_HELD"] * is_told


@pytest.mark.parametrize("is_taken_back", [False, True])
@pytest.mark.parametrize(("day", "severity"), [(14, None), (16, "amber")])
def test_a_walk_that_never_came_or_was_taken_back_is_told_once_it_is_late(
    tmp_path: Path, day: int, severity: str | None, is_taken_back: bool
) -> None:
    field = Field(tmp_path, datetime(2021, 12, day, tzinfo=UTC))
    field.institution("A", "ORPH")
    if is_taken_back:
        source(field, "CONTROL_WALK", on="2021-11-03")
    wanted = [("VERIFICATION_MISSING", severity)] if severity else []
    assert [row[:2] for row in told(field)] == wanted
    source(field, "CONTROL_WALK", on="2021-11-03", rows=8)
    assert told(field) == []


def test_counts_do_not_depend_on_a_verification_file(field: Field, tmp_path: Path) -> None:
    field.people(24, usual="A", present="A", sex=1, age_completed=30)
    field.listed(24)
    look(field)
    tables = (
        "expected",
        "coverage_institution",
        "coverage_category",
        "coverage_district",
        "coverage_mode",
        "coverage_daily",
    )
    before = {table: field.rows(f"FROM {table} ORDER BY ALL") for table in tables}
    name_counted(field, source(field, rows=24), 0, 24)
    name(field, source(field, "CONTROL_WALK", on="2021-11-03", rows=9), "NOT_FOUND", count=9)
    look(field)
    assert {table: field.rows(f"FROM {table} ORDER BY ALL") for table in tables} == before
