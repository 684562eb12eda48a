"""How many will have been counted when the windows close: worked by hand, and silence where it cannot be known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_coverage
from tests.count.field import Field

NIGHT = datetime(2021, 10, 19, 21, tzinfo=UTC)  # 02:00 of 20 October in Aqtau; the last window closes with 30 October


def expecting(field: Field, count: int, institution_id: str = "A", **more: Any) -> None:
    field.institution(institution_id, **more)
    field.listed(count, institution_id)
    field.signed(count, institution_id=institution_id)


def new(field: Field, days: list[int], institution_id: str = "A", last: int = 19) -> None:
    """Count so many on each of the days up to the last one of October, at 01:00 local: the day before in UTC."""
    for back, count in enumerate(reversed(days)):
        field.people(
            count, usual=institution_id, present=institution_id, received_at=f"2021-10-{last - back - 1} 20:00"
        )


def forecast(field: Field, district: str = "ALL") -> dict[str, Any]:
    field.write("expected")
    make_coverage(field)
    return field.row(f"SELECT * FROM coverage_forecast WHERE district_kato = '{district}'")


def test_the_pace_of_the_week_is_carried_on_with_its_interval(tmp_path: Path) -> None:
    field = Field(tmp_path, NIGHT)
    expecting(field, 60)
    new(field, [5, 1, 2, 3, 2, 1, 2, 3])  # the first is older than a week: 14 in seven days, s² = 4/6
    row = forecast(field)
    assert (row["status"], row["counted_count"], row["expected_count"], row["days_left"]) == ("known", 19, 60, 11)
    assert (row["week_count"], row["day_count"], row["days_needed"]) == (14, 7, 21)
    assert row["forecast_count"] == pytest.approx(19 + 11 * 2)
    reach = 2.447 * (4 / 6 * (11 + 121 / 7)) ** 0.5
    assert (row["low_count"], row["high_count"]) == (pytest.approx(41 - reach), pytest.approx(41 + reach))


def test_a_forecast_above_the_expected_is_not_capped(tmp_path: Path) -> None:
    field = Field(tmp_path, NIGHT)
    expecting(field, 15)
    new(field, [2] * 7)
    row = forecast(field)
    assert (row["forecast_count"], row["low_count"], row["days_needed"]) == (36, 36, 1)


def test_today_is_no_whole_day(tmp_path: Path) -> None:
    field = Field(tmp_path, NIGHT)
    expecting(field, 60)
    new(field, [2] * 8, last=20)
    row = forecast(field)
    assert (row["counted_count"], row["week_count"]) == (16, 14)
    assert row["forecast_count"] == 14 + 11 * 2  # of the eleven days today is one


def test_districts_stand_beside_the_region(tmp_path: Path) -> None:
    field = Field(tmp_path, NIGHT)
    expecting(field, 30, "A", kato="471010000")
    expecting(field, 40, "B", kato="471810000")
    new(field, [1] * 7, "A")
    new(field, [2] * 7, "B")
    found = {district: forecast(field, district)["forecast_count"] for district in ("471000000", "471800000", "ALL")}
    assert found == {"471000000": 18, "471800000": 36, "ALL": 54}


def test_people_where_nobody_knows_how_many_to_expect_are_in_neither_side(tmp_path: Path) -> None:
    field = Field(tmp_path, NIGHT)
    expecting(field, 30, "A")
    field.institution("X")
    new(field, [1] * 7, "A")
    new(field, [9] * 7, "X")
    row = forecast(field)
    assert (row["expected_count"], row["counted_count"], row["week_count"]) == (30, 7, 7)


@pytest.mark.parametrize(
    ("night", "days", "expected", "status"),
    [
        ("2021-10-19 21:00", [2] * 7, 0, "unknown_expected"),
        ("2021-10-19 21:00", [0, 0, 0, 0, 0, 3, 3], 30, "unknown_pace"),
        ("2021-09-06 21:00", [], 30, "unknown_pace"),
        ("2021-11-01 21:00", [2] * 7, 30, "closed"),
    ],
)
def test_it_says_when_it_cannot_know(tmp_path: Path, night: str, days: list[int], expected: int, status: str) -> None:
    field = Field(tmp_path, datetime.fromisoformat(night).replace(tzinfo=UTC))
    expecting(field, expected) if expected else field.institution("A")
    new(field, days)
    row = forecast(field)
    assert (row["status"], row["forecast_count"], row["days_needed"]) == (status, None, None)


def test_six_whole_days_since_the_opening_are_too_few(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 9, 6, 21, tzinfo=UTC))
    expecting(field, 30)
    for day in range(1, 7):
        field.people(1, usual="A", present="A", received_at=f"2021-09-0{day} 10:00")
    assert (forecast(field)["status"], forecast(field)["day_count"]) == ("unknown_pace", 6)
