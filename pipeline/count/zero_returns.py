"""Makes the rows of `coverage_zero_return`: what `measures.ratio_estimate` says of the institutions of a category from which nothing came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pipeline.count.measures import ratio_estimate
from pipeline.errors import MeasureUndefined


@dataclass(frozen=True)
class SilentCategory:
    """A row of `silent_category.sql`; of each institution that answered, what it expected and counted."""

    category_code: str
    answered: Sequence[tuple[int, int]] | None
    institution_count: int
    expected_count: int


def zero_return_rows(categories: Iterable[SilentCategory]) -> Iterator[dict[str, Any]]:
    """Yield a row per category; without an estimate where too few have answered."""
    for category in categories:
        answered = category.answered or []
        row: dict[str, Any] = {
            "category_code": category.category_code,
            "institution_count": category.institution_count,
            "expected_count": category.expected_count,
            "answered_institution_count": len(answered),
            "answered_expected_count": sum(expected for expected, _ in answered),
            "answered_present_count": sum(counted for _, counted in answered),
        }
        with suppress(MeasureUndefined):
            found = ratio_estimate(answered, category.expected_count)
            row |= {"estimated_count": found.value, "low_count": found.low, "high_count": found.high}
        yield row
