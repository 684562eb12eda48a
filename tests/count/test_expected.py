"""The expected count comes from list, movements and headcount; every number here is worked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.count import register_closing
from tests.count.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path)
    made.institution()
    return made


def test_expected_is_list_less_departures_and_deaths_plus_arrivals_and_births(field: Field) -> None:
    field.listed(20)
    for kind in ("DISCHARGE", "TRANSFER_OUT", "DEATH", "ADMISSION", "ADMISSION", "TRANSFER_IN", "BIRTH"):
        field.moved(kind, "2021-07-15")
    row = field.expected()
    assert (row["list_count"], row["departed_count"], row["died_count"], row["arrived_count"], row["born_count"]) == (
        20,
        2,
        1,
        3,
        1,
    )
    assert row["expected_present_count"] == 20 - 2 - 1 + 3 + 1


@pytest.mark.parametrize(
    ("list_count", "headcount", "grade"),
    [
        (20, 22, "FIRM"),  # two people apart: two are always allowed
        (20, 23, "PROVISIONAL"),
        (103, 100, "FIRM"),  # 3 % of 100 is three
        (104, 100, "PROVISIONAL"),
        (0, 0, "FIRM"),  # "nobody" is an answer
    ],
)
def test_graded_firm_within_two_people_or_three_percent(
    field: Field, list_count: int, headcount: int, grade: str
) -> None:
    field.listed(list_count)
    field.signed(headcount)
    row = field.expected()
    assert (row["grade"], row["reason"]) == (grade, "AGREE" if grade == "FIRM" else "DISAGREE")


def test_of_a_closed_round_e_is_what_was_frozen_whatever_the_papers_say(field: Field) -> None:
    field.listed(10)
    field.institution("B")
    field.listed(5, "B")
    frozen = {"institution_id": "A", "expected_present_count": 8, "expected_usual_count": None, "grade": "FIRM"}
    field.closing = {"expected": [frozen]}
    register_closing(field)
    row = field.expected()
    assert (row["expected_present_count"], row["expected_usual_count"], row["grade"]) == (8, None, "FIRM")
    assert (row["list_count"], row["rolled_present_count"]) == (10, 10)
    assert field.expected("B")["expected_present_count"] == 5


def test_a_list_alone_is_provisional(field: Field) -> None:
    field.listed(10)
    row = field.expected()
    assert (row["grade"], row["reason"], row["expected_present_count"]) == ("PROVISIONAL", "NO_HEADCOUNT", 10)


def test_a_headcount_alone_is_provisional(field: Field) -> None:
    field.signed(present=9, absent=2, usual=8)
    row = field.expected()
    assert (row["grade"], row["source"], row["reason"]) == ("PROVISIONAL", "HEADCOUNT", "NO_LIST")
    assert row["rolled_present_count"] is None  # nothing was carried forward
    assert (row["expected_present_count"], row["expected_usual_count"]) == (9, 8 + 2)


def test_nothing_to_go_by_is_missing_and_has_no_number(field: Field) -> None:
    row = field.expected()
    assert (row["grade"], row["expected_present_count"], row["expected_usual_count"]) == ("MISSING", None, None)


def test_nobody_is_expected_of_a_street_patrol(field: Field) -> None:
    field.institution("P", "HOMELESS_PATROL")
    field.signed(5, institution_id="P")
    row = field.expected("P")
    assert (row["grade"], row["reason"], row["expected_present_count"]) == ("MISSING", "STREET_PATROL", None)


def test_births_count_up_to_the_moment(field: Field) -> None:
    field.listed(10)
    field.moved("BIRTH", "2021-08-31", "22:59")
    field.moved("BIRTH", "2021-08-31", "23:00")
    field.moved("BIRTH", "2021-09-01", "00:10")
    assert field.expected()["born_count"] == 1


def test_a_death_at_the_moment_or_later_takes_nobody_away(field: Field) -> None:
    field.listed(10)
    field.moved("DEATH", "2021-08-31", "23:00")
    assert field.expected()["expected_present_count"] == 10


def test_on_the_eve_without_a_time_is_before_the_moment(field: Field) -> None:
    field.listed(10)
    field.moved("BIRTH", "2021-08-31")
    field.moved("DEATH", "2021-08-31")
    field.moved("DEATH", "2021-08-31")
    row = field.expected()
    assert (row["born_count"], row["died_count"], row["untimed_count"], row["expected_present_count"]) == (1, 2, 3, 9)


def test_movements_up_to_the_day_of_the_list_are_in_the_list_already(field: Field) -> None:
    field.listed(10)
    field.moved("DISCHARGE", "2021-06-01")
    field.moved("DISCHARGE", "2021-06-02")
    assert field.expected()["departed_count"] == 1


def test_on_leave_is_absent_but_still_lives_here(field: Field) -> None:
    field.listed(10)
    field.moved("LEAVE", "2021-07-01", who="Серікова")
    field.moved("RETURN", "2021-07-20", who="Серікова")
    field.moved("LEAVE", "2021-08-20", who="Серікова")
    field.moved("LEAVE", "2021-08-10", who="Оспанова")
    field.moved("RETURN", "2021-08-12", who="Оспанова")
    row = field.expected()
    assert (row["leave_count"], row["expected_present_count"], row["expected_usual_count"]) == (1, 9, 10)


@pytest.mark.parametrize(
    ("said", "away"),
    [
        ("birth_on = NULL", 1),  # two names: one came back, one did not
        (
            "birth_on = NULL, family_name = movement_id, iin = '100505600011'",
            0,
        ),  # one number, spelt otherwise each time
        ("birth_on = NULL, family_name = NULL", 2),  # nothing tells who came back
    ],
)
def test_who_comes_back_is_known_without_a_birth_date_by_number_or_name(field: Field, said: str, away: int) -> None:
    field.listed(10)
    field.moved("LEAVE", "2021-07-01", who="Серікова")
    field.moved("LEAVE", "2021-07-01", who="Оспанова")
    field.moved("RETURN", "2021-07-20", who="Серікова")
    field.con.execute(f"UPDATE movement_identity SET {said}")
    assert field.expected()["leave_count"] == away


@pytest.mark.parametrize("lacking", ["LEAVE", "RETURN"])
def test_who_comes_back_is_known_though_one_of_the_lines_has_no_birth_date(field: Field, lacking: str) -> None:
    field.listed(10)
    field.moved("LEAVE", "2021-07-01", who="Серікова")
    field.moved("RETURN", "2021-07-20", who="Серікова")
    field.con.execute(
        f"UPDATE movement_identity SET birth_on = NULL WHERE movement_id IN (FROM movement SELECT movement_id WHERE movement_type = '{lacking}')"
    )
    assert field.expected()["leave_count"] == 0


def test_a_family_name_alone_is_nobodys(field: Field) -> None:
    field.listed(10)
    field.moved("LEAVE", "2021-07-01", who="Серікова")
    field.moved("ADMISSION", "2021-08-05", who="Серікова")
    field.con.execute("UPDATE movement_identity SET birth_on = NULL, given_name = NULL, patronymic = NULL")
    assert field.expected()["leave_count"] == 1


@pytest.mark.parametrize("category_code", [None, "TUB"])
def test_whoever_is_at_a_place_of_unknown_category_is_expected_to_live_there(
    field: Field, category_code: str | None
) -> None:
    field.institution("H", category_code)
    field.listed(10, "H", admitted_on="2021-03-01")
    assert field.expected("H")["expected_usual_count"] == 10


def test_who_is_discharged_while_on_leave_is_gone_once(field: Field) -> None:
    field.listed(10)
    field.moved("LEAVE", "2021-07-01", who="Серікова")
    field.moved("DISCHARGE", "2021-07-20", who="Серікова")
    row = field.expected()
    assert (row["leave_count"], row["expected_present_count"], row["expected_usual_count"]) == (0, 9, 9)


def test_equal_rows_of_a_list_are_one_person(field: Field) -> None:
    field.listed(3)
    field.entry("Серікова")
    field.entry("СЕРІКОВА ")
    assert field.expected()["list_count"] == 4


def test_rows_equal_but_for_the_number_are_two_people(field: Field) -> None:
    field.listed(3)
    field.entry("Серікова", iin="100505600011")
    field.entry("Серікова", iin="100505600022")
    field.entry("Серікова", iin=None)  # the number left out parts nobody
    assert field.expected()["list_count"] == 3 + 2


def test_one_number_for_a_ward_makes_nobody_disappear(field: Field) -> None:
    field.listed(1)
    for number, family_name in enumerate(("Серікова", "Оспанова", "Ахметова"), 1):
        field.entry(family_name, iin="100505600011", birth_on=f"2010-0{number}-01")
    assert field.expected()["list_count"] == 4


def test_staff_named_as_such_on_the_list_are_not_expected(field: Field) -> None:
    field.listed(3)
    field.entry("Серікова", note_code="STAFF")
    assert field.expected()["list_count"] == 3


def test_who_is_noted_as_gone_leaves_once(field: Field) -> None:
    field.listed(3)
    field.entry("Серікова", note_code="DEPARTED")
    field.moved("DISCHARGE", "2021-06-20", who="Серікова")
    field.entry("Оспанова", note_code="DIED")  # no movement: the note alone takes her away
    row = field.expected()
    assert (row["list_count"], row["departed_count"], row["expected_present_count"]) == (4, 1, 3)


def test_unknown_people_with_one_birth_year_stay_several(field: Field) -> None:
    field.listed(1)
    for _ in range(3):
        field.entry("Неизвестный", birth_on="1970-01-01")
    assert field.expected()["list_count"] == 4


def test_who_is_on_a_late_list_and_in_the_movements_comes_once(field: Field) -> None:
    field.listed(3)
    field.entry("Серікова", admitted_on="2021-06-20")
    field.moved("ADMISSION", "2021-06-20", who="Серікова")
    field.entry("Оспанова", admitted_on="2021-06-25")  # no movement: the list alone brings her
    row = field.expected()
    assert (row["list_count"], row["arrived_count"], row["expected_present_count"]) == (4, 1, 5)


def test_where_the_sources_disagree_the_heads_counted_at_the_moment_stand(field: Field) -> None:
    field.listed(40)
    field.moved("DISCHARGE", "2021-07-01")
    field.signed(present=30, absent=3, usual=30)
    row = field.expected()
    assert (row["grade"], row["reason"], row["source"]) == ("PROVISIONAL", "DISAGREE", "HEADCOUNT")
    assert (row["expected_present_count"], row["expected_usual_count"]) == (30, 33)
    assert row["rolled_present_count"] == 39  # what the list says stays visible


def test_where_they_agree_the_list_carried_forward_stands(field: Field) -> None:
    field.listed(40)
    field.moved("DISCHARGE", "2021-07-01")
    field.signed(38)
    row = field.expected()
    assert (row["grade"], row["source"], row["expected_present_count"]) == ("FIRM", "LIST", 39)


def test_usual_residents_of_a_hospital_are_those_of_a_year(field: Field) -> None:
    field.institution("H", "INPAT")
    field.listed(30, "H", admitted_on="2021-05-20")
    field.entry("Серікова", "H", admitted_on="2020-08-31")  # twelve months to the day
    field.entry("Оспанова", "H", admitted_on="2020-09-01")
    field.entry("Ахметова", "H", admitted_on="2019-01-01")
    field.moved("DISCHARGE", "2021-08-01", institution_id="H", who="Ахметова")
    row = field.expected("H")
    assert (row["expected_present_count"], row["expected_usual_count"]) == (32, 1)


def test_who_of_the_patients_lives_here_the_headcount_knows_best(field: Field) -> None:
    field.institution("H", "INPAT")
    field.listed(30, "H", admitted_on="2021-05-20")
    field.signed(30, absent=2, usual=4, institution_id="H")
    assert field.expected("H")["expected_usual_count"] == 4 + 2  # who is away for a while lives here all the same


def test_a_care_home_may_hold_some_who_live_elsewhere(field: Field) -> None:
    field.listed(42)
    field.moved("LEAVE", "2021-08-20")
    field.signed(present=41, absent=1, usual=32)
    row = field.expected()
    assert (row["expected_present_count"], row["expected_usual_count"]) == (41, 41 - 9 + 1)


def test_boarders_live_at_home(field: Field) -> None:
    field.institution("B", "BOARD_GIFT")
    field.listed(50, "B")
    row = field.expected("B")
    assert (row["expected_present_count"], row["expected_usual_count"]) == (50, 0)


def test_a_site_closed_by_the_moment_is_not_expected_to_have_anybody(field: Field) -> None:
    field.institution("C", closed_on="2021-08-01")
    field.listed(5, "C")
    field.write("expected")
    assert field.rows("SELECT institution_id FROM expected") == [{"institution_id": "A"}]


def test_submissions_have_no_part_in_the_expected_count(field: Field) -> None:
    field.listed(10)
    for number in range(50):
        field.add(
            "person", person_id=f"p{number}", usual_institution_id="A", present_institution_id="A", basis="usual_here"
        )
    assert field.expected()["expected_present_count"] == 10
