"""Every list entry and every person not on a list gets one outcome (R13)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.resolve.field import Field, sound

NUMBER = sound("50051730123")


@pytest.fixture
def field() -> Field:
    return Field()


def test_every_entry_and_every_person_has_exactly_one_outcome(field: Field, tmp_path: Path) -> None:
    entries = [
        field.entry(n, family, birth_on=date(1950, 5, n))
        for n, family in enumerate(("Ахметов", "Омаров", "Сериков"), 1)
    ]
    for n, family in enumerate(("Ахметов", "Омаров", "Байжанов"), 1):
        field.record(family, family, birth_on=date(1950, 5, n))
    field.patient("ward", family="Жұмабаев")
    outcome = field.resolve(tmp_path)
    assert [outcome.outcome(entry) for entry in entries] == ["COUNTED", "COUNTED", "NOT_FOUND"]
    assert (outcome.off_list("Байжанов"), outcome.off_list("ward")) == (["MISSED_BY_LIST"], ["NO_LIST"])
    assert outcome.rows("SELECT count(DISTINCT person_id), count(person_id) FROM list_match") == [(4, 4)]
    assert outcome.person("Ахметов")["entry_id"] == entries[0]


def test_one_entry_one_person(field: Field, tmp_path: Path) -> None:
    entry = field.entry(1, iin=NUMBER)
    field.record("mine", iin=NUMBER)
    field.record("namesake", iin=sound("50051730999"))
    outcome = field.resolve(tmp_path)
    assert outcome.person("mine")["entry_id"] == entry
    assert outcome.off_list("namesake") == ["MISSED_BY_LIST"]


def test_an_entry_written_twice_is_one_person(field: Field, tmp_path: Path) -> None:
    first, second = field.entry(1), field.entry(2, "Akhmetov", "Nurlan", patronymic=None)
    field.record("a", list_entry_no=2)
    outcome = field.resolve(tmp_path)
    assert (outcome.outcome(first), outcome.outcome(second)) == ("COUNTED", "DOUBLE_ENTRY")


@pytest.mark.parametrize(
    "again",
    [{"birth_on": None}, {"iin": f"{NUMBER[:10]}4{NUMBER[11]}", "birth_on": date(1951, 5, 17)}],
    ids=["without a birth date", "a digit and the year mistyped"],
)
def test_an_entry_written_twice_with_its_number_is_one_person_all_the_same(
    field: Field, again: dict[str, Any], tmp_path: Path
) -> None:
    field.entry(1, iin=NUMBER)
    second = field.entry(2, **{"iin": NUMBER, **again})
    assert field.resolve(tmp_path).outcome(second) == "DOUBLE_ENTRY"


def test_on_the_list_is_who_stands_on_the_list_of_the_place_of_counting(field: Field, tmp_path: Path) -> None:
    field.entry(1, site="HOSPITAL", iin=NUMBER)
    field.record("a", iin=NUMBER)
    outcome = field.resolve(tmp_path)
    assert outcome.rows("SELECT count(*) FROM list_match WHERE entry_id IS NOT NULL AND person_id IS NOT NULL") == [
        (1,)
    ]
    assert (outcome.person("a")["on_list"], outcome.person("a")["entry_id"]) == (False, None)


def test_namesakes_who_came_on_different_days_are_two_entries(field: Field, tmp_path: Path) -> None:
    field.entry(1, admitted_on=date(2015, 3, 1))
    second = field.entry(2, admitted_on=date(2019, 9, 9))
    assert field.resolve(tmp_path).outcome(second) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("names", "days"),
    [((None, "Азатов"), (None, None)), (("Нұрлан", "Ахметов"), (date(2015, 3, 1), date(2019, 9, 9)))],
    ids=["twins without a name", "namesakes of one day"],
)
def test_two_who_fit_two_entries_alike_have_one_each(
    field: Field, tmp_path: Path, names: tuple[str | None, str], days: tuple[date | None, date | None]
) -> None:
    given, family = names
    row = {
        "given": given,
        "family": family,
        "patronymic": None if given is None else "Серікұлы",
        "birth_on": date(2021, 5, 20),
    }
    entries = [field.entry(no, **row, admitted_on=day) for no, day in enumerate(days, 1)]
    for case, day in zip("ba", reversed(days), strict=True):
        field.record(case, **row, stay_from_on=day)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert {outcome.person(case)["entry_id"] for case in "ab"} == set(entries)
    if days[0]:
        assert [outcome.person(case)["entry_id"] for case in "ab"] == entries


def test_who_is_surely_on_one_list_is_found_by_name_on_another(field: Field, tmp_path: Path) -> None:
    field.entry(1, iin=NUMBER)
    elsewhere = field.entry(1, site="ORPHANS")
    field.record("a", iin=NUMBER)
    assert field.resolve(tmp_path).outcome(elsewhere) == "COUNTED_ELSEWHERE"


def test_staff_on_the_list(field: Field, tmp_path: Path) -> None:
    noted = field.entry(1, note_code="STAFF")
    named = field.entry(2, "Жұмабаева", "Гүлнар", patronymic="Серікқызы", sex=2, birth_on=date(1980, 3, 4))
    nobody = field.entry(3, "Омаров", "Б.", patronymic=None, birth_on=date(1971, 8, 9))
    field.rows["staff_identity"].append({"staff_id": "ST-CARE", "full_name": "Жумабаева Гульнар Сериккызы"})
    field.rows["staff"].append({"staff_id": "ST-OMAROV", "institution_id": "CARE"})
    field.rows["staff_identity"].append({"staff_id": "ST-OMAROV", "full_name": "Омаров"})
    outcome = field.resolve(tmp_path)
    assert [outcome.outcome(entry) for entry in (noted, named, nobody)] == ["STAFF", "STAFF", "NOT_FOUND"]


def test_staff_who_enter_themselves_are_known_by_their_name(field: Field, tmp_path: Path) -> None:
    field.rows["staff_identity"].append({"staff_id": "ST-CARE", "full_name": "Жумабаева Гульнар Сериккызы"})
    whole = field.record("a", "Жұмабаева", "Гүлнар", patronymic="Серікқызы", staff_id="ST-CARE")
    short = field.record("b", "Жұмабаева", "Гүлнар", patronymic=None, staff_id="ST-CARE", birth_on=date(1990, 1, 5))
    field.record("c", "Жұмабаева", "Гүлнар", patronymic="Серікқызы", staff_id="ST-SHELTER")
    field.record("d", "Жұмабаева", "Дана", staff_id="ST-CARE")
    field.record("e", "Жұмабаева", None, staff_id="ST-CARE")
    outcome = field.resolve(tmp_path)
    assert [row[0] for row in outcome.rows("SELECT record_id FROM own_account ORDER BY ALL")] == sorted([whole, short])


def test_transferred_and_counted_at_the_new_place(field: Field, tmp_path: Path) -> None:
    number = sound("50051730123")
    moved, silent = (
        field.entry(1, iin=number),
        field.entry(2, "Омаров", birth_on=date(1961, 4, 4), iin=sound("61040430123")),
    )
    field.movement("TRANSFER_OUT", date(2021, 7, 1), iin=number, other_institution_id="SHELTER")
    field.record("a", iin=number, site="SHELTER", stay_from_on=date(2021, 7, 1))
    field.record("b", "Омаров", birth_on=date(1961, 4, 4), iin=sound("61040430123"), site="SHELTER")
    outcome = field.resolve(tmp_path)
    assert (outcome.outcome(moved), outcome.outcome(silent)) == ("TRANSFERRED", "COUNTED_ELSEWHERE")


def test_what_the_books_say_of_those_nobody_recorded(field: Field, tmp_path: Path) -> None:
    kinds = {"DISCHARGE": "DEPARTED", "TRANSFER_OUT": "TRANSFERRED", "DEATH": "DIED", "LEAVE": "NOT_FOUND"}
    entries = {}
    for day, kind in enumerate(kinds, 1):
        entries[kind] = field.entry(
            day, birth_on=date(1950, 5, day), given=f"Нұрлан{'абвг'[day]}" if day < 4 else "Болат"
        )
        row = field.rows["list_identity"][-1]
        field.movement(kind, date(2021, 7, 1), given=row["given_name"], birth_on=row["birth_on"])
    outcome = field.resolve(tmp_path)
    assert {kind: outcome.outcome(entry) for kind, entry in entries.items()} == kinds


def test_boarders_on_the_list_are_forwarded(field: Field, tmp_path: Path) -> None:
    entry = field.entry(1, site="SCHOOL", birth_on=date(2007, 2, 3))
    field.movement("LEAVE", date(2021, 6, 3), site="SCHOOL", birth_on=date(2007, 2, 3))
    field.record(
        "a", site="SCHOOL", birth_on=date(2007, 2, 3), stay_duration="M6_12", has_other_home=True, residence_status=None
    )
    assert field.resolve(tmp_path).outcome(entry) == "FORWARDED"


def test_born_since_the_list(field: Field, tmp_path: Path) -> None:
    field.list("HOSPITAL")
    field.patient("child", birth_on=date(2021, 8, 29), stay_from_on=date(2021, 8, 29))
    assert field.resolve(tmp_path).off_list("child") == ["BORN_AFTER_LIST"]


def across(field: Field, tmp_path: Path) -> dict[str, int]:
    return dict(field.resolve(tmp_path).rows("SELECT institution_id, entry_count FROM list_across"))


def test_a_person_on_two_lists_is_said_at_both_by_number_or_by_name_and_day(field: Field, tmp_path: Path) -> None:
    for site, family, iin in (("CARE", "Ахметов", "50051730123"), ("SHELTER", "Ахметбеков", "50051730123")):
        field.entry(1, family, site=site, iin=sound(iin))
    field.entry(2, "Омаров", site="CARE")
    field.entry(2, "Omarov", "Nurlan", site="ORPHANS", patronymic=None)
    assert across(field, tmp_path) == {"CARE": 2, "ORPHANS": 1, "SHELTER": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"birth_on": date(1950, 5, 18)},
        {"birth_date_precision": "YEAR"},
        {"patronymic": "Болатұлы"},
        {"iin": sound("50051730999")},
        {"note_code": "DEPARTED"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_who_differs_from_somebody_on_another_list_is_nobody_twice(
    field: Field, tmp_path: Path, other: dict[str, object]
) -> None:
    field.entry(1, iin=sound("50051730123"))
    field.entry(1, site="SHELTER", **other)
    assert across(field, tmp_path) == {}


@pytest.mark.parametrize("hidden", ["CRISIS", "MISTYPED"])
def test_that_somebody_is_where_nobody_may_look_is_told_there_alone(field: Field, tmp_path: Path, hidden: str) -> None:
    for site in ("CARE", hidden):
        field.entry(1, site=site)
    assert across(field, tmp_path) == {hidden: 1}
