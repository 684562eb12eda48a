"""What verification files name is held against the count, and nothing of the count depends on it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.resolve.field import Field, sound


@pytest.fixture
def field() -> Field:
    return Field()


def test_everybody_a_source_names_has_one_outcome(field: Field, tmp_path: Path) -> None:
    book = field.source()
    field.record("here")
    field.record("on leave", "Омаров", birth_on=date(1951, 2, 3), residence_status="USUAL_TEMP_ABSENT")
    field.record("other", "Сериков", birth_on=date(1952, 3, 4), site="SHELTER")
    field.record("gone", "Байжанов", birth_on=date(1953, 4, 5), stay_to_on=date(2021, 7, 1))
    rows = {
        "COUNTED_HERE": field.named(book),
        "COUNTED_AWAY": field.named(book, "Омаров", birth_on=date(1951, 2, 3)),
        "NOT_COUNTED": field.named(book, "Байжанов", birth_on=date(1953, 4, 5)),
        "NOT_FOUND": field.named(book, "Жұмабаев", birth_on=date(1954, 5, 6)),
        "DOUBLE": field.named(book),
    }
    elsewhere = field.named(book, "Сериков", birth_on=date(1952, 3, 4))
    outcome = field.resolve(tmp_path)
    assert {outcome.verified(row) for row in (rows["COUNTED_AWAY"], elsewhere)} == {"COUNTED_AWAY"}
    assert {name: outcome.verified(row) for name, row in rows.items()} == {name: name for name in rows}


def test_a_name_is_known_in_another_spelling_and_a_number_alone_is_enough(field: Field, tmp_path: Path) -> None:
    book = field.source()
    field.record("spelled")
    field.record("numbered", "Омаров", "Ерлан", iin=sound("60010130111"), birth_on=date(1960, 1, 1))
    spelled = field.named(book, "Akhmetov", "Nurlan", patronymic=None)
    numbered = field.named(book, None, None, patronymic=None, iin=sound("60010130111"), birth_on=None)
    outcome = field.resolve(tmp_path)
    assert (outcome.verified(spelled), outcome.verified(numbered)) == ("COUNTED_HERE", "COUNTED_HERE")


def test_whom_a_row_names_too_little_is_looked_for_by_what_there_is(field: Field, tmp_path: Path) -> None:
    book = field.source()
    field.record("known")
    alike = field.named(book, None)
    nobody = field.named(book, None, None, patronymic=None, birth_on=date(2021, 8, 30))
    outcome = field.resolve(tmp_path)
    assert (outcome.verified(alike), outcome.verified(nobody)) == ("COUNTED_HERE", "UNNAMED")


def test_a_twin_who_was_missed_is_not_taken_for_the_one_who_was_counted(field: Field, tmp_path: Path) -> None:
    book = field.source()
    field.record("counted", given="Хасен")
    twins = [field.named(book, given="Хасен"), field.named(book, given="Хусен")]
    outcome = field.resolve(tmp_path)
    assert [outcome.verified(twin) for twin in twins] == ["COUNTED_HERE", "NOT_FOUND"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"iin": sound("50051730123")}, {"iin": sound("50051730987")}),
        ({}, {"patronymic": "Болатұлы"}),
        ({"birth_on": date(1950, 1, 1)}, {"birth_on": date(1950, 1, 1)}),
    ],
    ids=["another number", "another patronymic", "a guessed day"],
)
def test_a_namesake_of_one_day_is_not_the_same_person_again(
    field: Field, tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    book = field.source()
    field.record("counted", **first)
    rows = [field.named(book, **columns) for columns in (first, second)]
    outcome = field.resolve(tmp_path)
    assert [outcome.verified(row) for row in rows] == ["COUNTED_HERE", "NOT_FOUND"]


def test_of_two_findings_of_one_person_presence_stands(field: Field, tmp_path: Path) -> None:
    walk = field.source("CONTROL_WALK")
    field.record("counted")
    rows = [field.named(walk, finding=finding) for finding in ("NOT_PRESENT", "PRESENT")]
    outcome = field.resolve(tmp_path)
    assert [outcome.verified(row) for row in rows] == ["DOUBLE", "COUNTED_HERE"]


def test_a_person_is_in_each_of_two_sources_once(field: Field, tmp_path: Path) -> None:
    rows = [field.named(field.source(kind)) for kind in ("SECOND_SOURCE", "CONTROL_WALK")]
    field.record("a")
    outcome = field.resolve(tmp_path)
    assert [outcome.verified(row) for row in rows] == ["COUNTED_HERE", "COUNTED_HERE"]


def test_nobody_is_looked_for_at_home_whose_home_must_not_find_them(field: Field, tmp_path: Path) -> None:
    home = field.source("HOME_RETURNS", None)
    field.record("safe", site="CRISIS")
    field.record("pupil", "Омаров", site="SCHOOL", birth_on=date(2008, 2, 3), has_other_home=False)
    safe, pupil = field.named(home), field.named(home, "Омаров", birth_on=date(2008, 2, 3))
    outcome = field.resolve(tmp_path)
    assert (outcome.verified(safe), outcome.verified(pupil)) == ("NOT_FOUND", "COUNTED_AWAY")


@pytest.mark.parametrize("site", ["CRISIS", "MISTYPED"])
def test_only_the_safe_house_itself_asks_who_is_there(field: Field, site: str, tmp_path: Path) -> None:
    field.record("safe", site=site, iin=sound("50051730123"))
    rows = [field.named(field.source(site=asking), iin=sound("50051730123")) for asking in ("CARE", site)]
    outcome = field.resolve(tmp_path)
    assert [outcome.verified(row) for row in rows] == ["NOT_FOUND", "COUNTED_HERE"]


def test_an_institution_nobody_registered_is_no_safe_house(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=sound("50051730123"), institution_id="NOWHERE", staff_id=None, device_id=None)
    seen = field.named(field.source("HOME_RETURNS", None), iin=sound("50051730123"))
    assert field.resolve(tmp_path).verified(seen) == "COUNTED_AWAY"


def test_a_boarder_seen_at_home_is_the_one_who_was_handed_on(field: Field, tmp_path: Path) -> None:
    away = {"residence_status": "USUAL_TEMP_ABSENT", "has_other_home": True, "usual_address_kato": "471010000"}
    field.record("pupil", "Омаров", site="SCHOOL", birth_on=date(2008, 2, 3), **away)
    seen = field.named(field.source("HOME_RETURNS", None), "Омаров", birth_on=date(2008, 2, 3))
    outcome = field.resolve(tmp_path)
    assert outcome.verified(seen) == "NOT_COUNTED"
    assert outcome.rows("SELECT count(*) FROM verification_match JOIN forwarded USING (person_id)") == [(1,)]


def test_the_file_s_own_sex_and_age_stand_beside(field: Field, tmp_path: Path) -> None:
    book = field.source()
    field.named(book, sex=2, birth_on=date(2000, 9, 1))
    field.named(book, sex=None, birth_on=None)
    outcome = field.resolve(tmp_path)
    assert outcome.rows("SELECT sex, age_completed FROM verification_match ORDER BY 1") == [(2, 20), (None, None)]


def test_nothing_else_changes_for_a_verification_file(field: Field, tmp_path: Path) -> None:
    for number, family in enumerate(("Ахметов", "Омаров", "Сериков"), 1):
        field.entry(number, family, birth_on=date(1950, 5, number))
        field.record(family, family, birth_on=date(1950, 5, number), iin=sound(f"50050{number}30123"))
    field.patient("ward", iin=sound("50051730123"))
    before = field.resolve(tmp_path / "before").digest()
    book = field.source()
    field.named(book, "Ахметов", birth_on=date(1950, 5, 1), iin=sound("50050230123"))  # the number of another
    field.named(book, "Жұмабаев", "Ерлан")
    after = field.resolve(tmp_path / "after").digest()
    assert after.pop("verification_match.parquet") != before.pop("verification_match.parquet")
    assert after == before
