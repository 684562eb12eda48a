"""Pyramids, and whether ages and birth dates were known or guessed: tests against chance, no verdict on few people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_ages
from tests.count.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path)
    made.institution("A", "SOCSERV")
    return made


def people(field: Field, ages: range, born: str = "05-17", each: int = 1, usual: str = "A", **identity: Any) -> None:
    """Count `each` persons of every age, born on that day of the year."""
    field.con.execute(f"""
        CREATE OR REPLACE TEMP TABLE more AS
        SELECT format('q{{}}-{{}}-{{}}', (SELECT count(*) FROM person), age, number) AS id, age, number % 2 + 1 AS sex
        FROM range({ages.start}, {ages.stop}, {ages.step}) AS a (age) CROSS JOIN range({each}) AS n (number)""")
    field.con.execute(f"""
        INSERT INTO person BY NAME
        SELECT id AS person_id, id AS survivor_record_id, sex, age AS age_completed, '{usual}' AS usual_institution_id FROM more""")
    precision = identity.get("precision", "DAY")
    field.con.execute(f"""
        INSERT INTO identity BY NAME
        SELECT id AS record_id, make_date(2021 - age, {int(born[:2])}, {int(born[3:])}) AS birth_on, '{precision}' AS birth_date_precision
        FROM more""")


def heaping(field: Field, statistic: str, group: str = "ALL") -> dict[str, Any]:
    make_ages(field)
    return field.row(f"SELECT * FROM age_heaping WHERE statistic = '{statistic}' AND publication_group = '{group}'")


def test_a_pyramid_has_everybody_once(field: Field) -> None:
    people(field, range(5, 10), each=2)
    people(field, range(90, 99), each=1)
    field.people(1, usual="A", present=None)
    make_ages(field)
    rows = field.rows("SELECT * EXCLUDE publication_group FROM age_sex ORDER BY age_group")
    assert [tuple(row.values()) for row in rows] == [("05-09", 5, 5, 0), ("85+", 9, 0, 0), ("UNKNOWN", 0, 0, 1)]


def test_a_person_of_an_institution_the_register_does_not_know_has_a_line(field: Field) -> None:
    people(field, range(30, 31), usual="elsewhere")
    make_ages(field)
    assert field.row("SELECT publication_group FROM age_sex") == {"publication_group": "UNKNOWN"}


def test_even_ages_are_found_even(field: Field) -> None:
    people(field, range(90), each=20)
    row = heaping(field, "WHIPPLE")
    assert (row["person_count"], row["value"], row["z"], row["verdict"]) == (800, 100, 0, "EVEN")


def test_heaped_ages_are_judged_by_the_thresholds_of_the_round(field: Field) -> None:
    # 800 even, and 60 more at the eight ages: 500 * 220 / 860 = 127.9, sigma 6.82
    people(field, range(23, 63), each=20)
    people(field, range(30, 31), each=60)
    row = heaping(field, "WHIPPLE")
    assert row["z"] == pytest.approx(4.091, abs=0.001)
    assert row["verdict"] == "RED"


def test_of_few_people_there_is_no_verdict(field: Field) -> None:
    people(field, range(30, 31), each=599)
    row = heaping(field, "WHIPPLE")
    assert (row["value"], row["verdict"]) == (500, None)


def test_a_school_has_no_line_for_ages_nobody_has(field: Field) -> None:
    people(field, range(8, 18), each=10)
    make_ages(field)
    assert not field.rows("FROM age_heaping WHERE statistic IN ('WHIPPLE', 'UN_AGE_SEX', 'BIRTH_YEAR_DIGIT_0')")


def test_birth_dates_set_to_the_first_of_january_stand_out(field: Field) -> None:
    people(field, range(23, 63), each=20)
    people(field, range(40, 41), each=10, born="01-01")
    row = heaping(field, "FIRST_OF_JANUARY")
    assert (row["person_count"], row["value"], row["verdict"]) == (810, 10, "AMBER")


def test_true_births_of_the_first_of_january_do_not_alarm(field: Field) -> None:
    people(field, range(23, 63), each=20)
    people(field, range(40, 41), each=4, born="01-01")
    assert heaping(field, "FIRST_OF_JANUARY")["verdict"] == "EVEN"


def test_a_year_alone_is_no_first_of_january(field: Field) -> None:
    people(field, range(23, 63), each=20, born="01-01", precision="YEAR")
    people(field, range(23, 63), each=20)
    row = heaping(field, "FIRST_OF_JANUARY")
    assert (row["person_count"], row["value"]) == (800, 0)


def test_a_guessed_decade_shows_in_one_digit_of_the_birth_year(field: Field) -> None:
    people(field, range(23, 63), each=20)
    people(field, range(41, 42), each=60)
    make_ages(field)
    found = field.rows(
        "FROM age_heaping WHERE verdict = 'AMBER' AND statistic LIKE 'BIRTH_YEAR%' AND publication_group = 'ALL'"
    )
    assert [row["statistic"] for row in found] == ["BIRTH_YEAR_DIGIT_0"]


def test_indices_made_for_countries_give_no_verdict(field: Field) -> None:
    people(field, range(90), each=20)
    for statistic in ("MYERS", "UN_AGE_SEX"):
        row = heaping(field, statistic)
        assert (row["z"], row["verdict"]) == (None, None)


def test_groups_are_told_apart(field: Field) -> None:
    field.institution("B", "ORPH")
    people(field, range(23, 63), each=20)
    people(field, range(5, 18), each=10, usual="B")
    assert heaping(field, "FIRST_OF_JANUARY", "SOCIAL_AND_HEALTH")["person_count"] == 800
    assert heaping(field, "FIRST_OF_JANUARY", "CHILDREN_WITHOUT_CARE")["person_count"] == 130
