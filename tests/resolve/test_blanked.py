"""What a check took out of a record decides nothing: not who is counted, nor what is told of a person."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.resolve.field import Field, utc

NUMBER = "500517301234"


@pytest.fixture
def field() -> Field:
    return Field()


@pytest.mark.parametrize(
    "impossible",
    [
        {"stay_from_on": date(2021, 8, 20), "stay_to_on": date(2021, 7, 10)},
        {"stay_from_on": date(2022, 8, 20)},
        {"death_on": date(1940, 5, 6), "death_time": "10:00"},
    ],
    ids=["left before arriving", "arrival still to come", "died before being born"],
)
def test_an_impossible_date_puts_nobody_out_of_scope(field: Field, impossible: dict[str, Any], tmp_path: Path) -> None:
    field.record("taken out", **impossible, blanked=sorted(impossible))
    field.record("believed", "Омаров", **impossible)
    outcome = field.resolve(tmp_path)
    assert (outcome.state("taken out"), outcome.state("believed")) == ("counted", "out_of_scope")


def test_an_impossible_age_is_nobodys(field: Field, tmp_path: Path) -> None:
    field.record("a", birth_on=None, birth_date_precision="AGE_ONLY", age_stated=250, blanked=["age_stated"])
    person = field.resolve(tmp_path).person("a")
    assert (person["age_completed"], person["birth_year"]) == (None, None)


def test_no_field_of_a_person_comes_from_where_it_was_taken_out(field: Field, tmp_path: Path) -> None:
    field.record("own", iin=NUMBER, case_status="partial", religion=99, ethnicity="KAZAKH", blanked=["religion"])
    field.record("stands", iin=NUMBER, is_proxy=True, proxy_source="DOCUMENT", religion=1)
    outcome = field.resolve(tmp_path)
    assert outcome.state("stands") == "counted"
    assert outcome.rows("SELECT column_name FROM person_field") == [("ethnicity",)]


def test_what_was_taken_out_makes_no_record_fuller(field: Field, tmp_path: Path) -> None:
    field.record("true", iin=NUMBER, marital_status=2)
    field.record("later", iin=NUMBER, marital_status=99, blanked=["marital_status"], completed_at=utc(2021, 10, 7))
    assert field.resolve(tmp_path).state("true") == "counted"
