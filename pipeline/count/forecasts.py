"""Makes the rows of `coverage_forecast`: what `measures.forecast` says of each district and the region, or why it can say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.count.measures import forecast
from pipeline.errors import MeasureUndefined

LEAST_DAYS = 3


@dataclass(frozen=True)
class Pace:
    """A row of `pace.sql`."""

    district_kato: str
    last_on: date
    days_left: int
    expected_count: int | None
    counted_count: int
    today_count: int
    new_by_day: Sequence[int]


def forecast_rows(paces: Iterable[Pace]) -> Iterator[dict[str, Any]]:
    """Yield a row per area."""
    for pace in paces:
        status, range_ = _foreseen(pace)
        week = sum(pace.new_by_day)
        missing = max((pace.expected_count or 0) - pace.counted_count, 0)
        yield {
            "district_kato": pace.district_kato,
            "status": status,
            "last_on": pace.last_on,
            "days_left": pace.days_left,
            "expected_count": pace.expected_count,
            "counted_count": pace.counted_count,
            "week_count": week,
            "day_count": sum(new > 0 for new in pace.new_by_day),
            **range_,
            "days_needed": -(-missing * 7 // week) if status == "known" else None,
        }


def _foreseen(pace: Pace) -> tuple[str, dict[str, float]]:
    if not pace.expected_count:
        return "unknown_expected", {}
    if not pace.days_left:
        return "closed", {}
    if sum(new > 0 for new in pace.new_by_day) < LEAST_DAYS:
        return "unknown_pace", {}
    try:
        found = forecast(pace.counted_count - pace.today_count, pace.new_by_day, pace.days_left, pace.today_count)
    except MeasureUndefined:
        return "unknown_pace", {}
    return "known", {"forecast_count": found.value, "low_count": found.low, "high_count": found.high}
