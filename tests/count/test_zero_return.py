"""Institutions from which nothing came: estimated by their like, shown beside the counts and in none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_coverage
from tests.count.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    return Field(tmp_path)


def site(
    field: Field, institution_id: str, expected: int, counted: int | None, category: str = "SOCSERV", **more: Any
) -> None:
    """An institution; nothing came from it if `counted` is None."""
    field.institution(institution_id, category, **more)
    field.listed(expected, institution_id)
    field.signed(expected, institution_id=institution_id)
    if counted is not None:
        field.people(counted, usual=institution_id, present=institution_id)
        field.records(["counted"] * counted, institution_id)


def rows(field: Field) -> list[dict[str, Any]]:
    field.write("expected")
    make_coverage(field)
    return field.rows("SELECT * FROM coverage_zero_return ORDER BY category_code")


def test_the_silent_are_estimated_by_those_of_their_category(field: Field) -> None:
    for name, expected, counted in (("A", 100, 90), ("B", 50, 50), ("C", 50, 40), ("D", 30, None), ("E", 10, None)):
        site(field, name, expected, counted)
    site(field, "Z", 20, 2, "ORPH")  # of another category
    [row] = rows(field)
    assert (row["category_code"], row["institution_count"], row["expected_count"]) == ("SOCSERV", 2, 40)
    assert (row["answered_institution_count"], row["answered_expected_count"], row["answered_present_count"]) == (
        3,
        200,
        180,
    )
    # ratio 0.9; sum of (y - 0.9 x)² / x = 0 + 0.5 + 0.5, divided by 2; times 40 (1 + 40 / 200)
    assert row["estimated_count"] == pytest.approx(36)
    assert (round(row["low_count"], 2), round(row["high_count"], 2)) == (26.4, 45.6)


def test_a_site_of_whose_people_one_is_counted_elsewhere_has_returned_nothing_all_the_same(field: Field) -> None:
    for name, counted in (("A", 9), ("B", 9), ("C", 9), ("D", None)):
        site(field, name, 10, counted)
    field.people(1, usual="D", present="A")
    [row] = rows(field)
    assert (row["institution_count"], row["answered_institution_count"]) == (1, 3)


def test_people_of_a_site_that_sent_nothing_are_no_answer_of_it(field: Field) -> None:
    for name, counted in (("A", 9), ("B", 9), ("C", 9), ("D", None), ("E", None)):
        site(field, name, 10, counted)
    field.people(2, usual="E", present="E")  # sent by another
    [row] = rows(field)
    assert (row["institution_count"], row["answered_institution_count"]) == (1, 3)


def test_no_estimate_enters_a_count(field: Field) -> None:
    for name, expected, counted in (("A", 10, 9), ("B", 10, 9), ("C", 10, 9), ("D", 30, None)):
        site(field, name, expected, counted)
    assert rows(field)[0]["estimated_count"] == pytest.approx(27)
    assert field.value("SELECT sum(present_count) FROM coverage_institution") == 27
    assert field.value("SELECT sum(present_count) FROM coverage_category") == 27


def test_of_two_that_answered_nothing_is_estimated(field: Field) -> None:
    for name, counted in (("A", 10), ("B", 10), ("D", None)):
        site(field, name, 10, counted)
    [row] = rows(field)
    assert (row["answered_institution_count"], row["estimated_count"], row["high_count"]) == (2, None, None)


@pytest.mark.parametrize("state", ["out_of_scope", "superseded", "quarantined"])
@pytest.mark.parametrize("practice", [{"is_training": True}, {"case_status": "draft"}], ids=["training", "draft"])
def test_a_training_case_or_a_draft_is_no_answer(field: Field, practice: dict[str, Any], state: str) -> None:
    for name, counted in (("A", 9), ("B", 9), ("C", 9), ("D", None)):
        site(field, name, 10, counted)
    field.records([state], "D", **practice)
    field.records(["repeated"], "D")
    [row] = rows(field)
    assert (row["institution_count"], row["answered_institution_count"]) == (1, 3)
    field.records(["quarantined"], "D")
    assert rows(field) == []


def test_sites_without_a_category_are_estimated_by_one_another(field: Field) -> None:
    for name, counted in (("A", 9), ("B", 9), ("C", 9), ("D", None)):
        field.institution(name, None)
        field.listed(10, name)
        if counted:
            field.people(counted, usual=name, present=name)
            field.records(["counted"] * counted, name)
    [row] = rows(field)
    assert (row["category_code"], row["institution_count"], row["estimated_count"]) == ("UNKNOWN", 1, 9)


def test_an_empty_or_closed_site_is_not_silent(field: Field) -> None:
    site(field, "A", 0, None)
    site(field, "B", 10, None, closed_on="2021-08-01")
    assert rows(field) == []
