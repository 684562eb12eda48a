"""Makes the rows of `coverage_estimate` and `content_error`: what a second look says of the count, beside it and in none of its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline.count.measures import (
    chandrasekar_deming,
    chapman,
    collapse_thin,
    content_error,
    net_coverage,
    stratified_chapman,
)
from pipeline.count.measures.dual_system import Stratum
from pipeline.count.measures.estimate import Estimate
from pipeline.errors import MeasureUndefined

Row = dict[str, Any]
KEY = ("category_code", "sex", "age_group")


@dataclass(frozen=True)
class Cell:
    """A row of `verified_stratum.sql`."""

    source_kind: str
    is_independent: bool
    is_walked: bool
    category_code: str
    sex: str
    age_group: str
    counted: int
    erroneous: int
    named: int
    matched: int

    @property
    def stratum(self) -> Stratum:
        """The cell as a stratum: of the count only who was truly there."""
        key = (self.category_code, self.sex, self.age_group)
        return Stratum(key, self.counted - self.erroneous, self.named, self.matched)


@dataclass(frozen=True)
class Pair:
    """A row of `asked_twice.sql`: in how many cases the census has one answer and the second interview the other."""

    variable: str
    census_value: str
    again_value: str
    count: int


def estimate_rows(cells: Iterable[Cell]) -> Iterator[Row]:
    """Yield the strata of each source and their total; estimates only from a source declared independent."""
    for (_, is_independent), group in groupby(cells, key=lambda cell: (cell.source_kind, cell.is_independent)):
        found = list(group)
        yield from _estimates(found) if is_independent else _verifications(found)


def _estimates(cells: Sequence[Cell]) -> Iterator[Row]:
    strata = [cell.stratum for cell in cells]
    try:
        kept = collapse_thin(strata)
    except MeasureUndefined:
        yield _compared((), cells, "TOO_FEW")
        return
    for stratum in kept:
        if stratum.key:
            inside = [cell for cell in cells if cell.stratum.key[: len(stratum.key)] == stratum.key]
            yield _estimated(stratum.key, inside, [stratum], chapman(stratum.first, stratum.second, stratum.matched))
    yield _estimated((), cells, kept, stratified_chapman(strata))


def _verifications(cells: Sequence[Cell]) -> Iterator[Row]:
    for category, group in groupby(cells, key=lambda cell: cell.category_code):
        yield _compared((category,), list(group), "VERIFICATION")
    yield _compared((), cells, "VERIFICATION")


def _compared(key: tuple[str, ...], cells: Sequence[Cell], standing: str) -> Row:
    """Return what the two sides have and share; what the count has too many only where a walk looked."""
    named, matched = sum(cell.named for cell in cells), sum(cell.matched for cell in cells)
    is_walked = all(cell.is_walked for cell in cells)
    return {
        "source_kind": cells[0].source_kind,
        "standing": standing,
        "stratum_id": "/".join(key) or "TOTAL",
        **dict(zip(KEY, key, strict=False)),
        "counted_count": sum(cell.counted for cell in cells),
        "erroneous_count": sum(cell.erroneous for cell in cells) if is_walked else None,
        "source_count": named,
        "matched_count": matched,
        "match_rate": matched / named if named else None,
    }


def _estimated(key: tuple[str, ...], cells: Sequence[Cell], strata: Sequence[Stratum], found: Estimate) -> Row:
    row = _compared(key, cells, "ESTIMATE")
    net = net_coverage(row["counted_count"], row["erroneous_count"] or 0, found.value)
    row |= {
        "lincoln_petersen_count": chandrasekar_deming(strata),
        "estimated_count": found.value,
        "variance": found.variance,
        "low_count": found.low,
        "high_count": found.high,
        "net_error_count": net.net_error,
        "net_undercount_rate": net.net_undercount_rate,
        "coverage_rate": net.coverage_rate,
    }
    if row["erroneous_count"] is not None:
        row |= {
            "omission_count": net.omissions,
            "omission_rate": net.omission_rate,
            "gross_error_count": net.gross_error,
        }
    return row


def content_rows(pairs: Iterable[Pair]) -> Iterator[Row]:
    """Yield every class of every question asked twice."""
    for variable, group in groupby(pairs, key=lambda pair: pair.variable):
        found = list(group)
        for code in sorted({value for pair in found for value in (pair.census_value, pair.again_value)}):
            yield _content(variable, code, found)


def _content(variable: str, code: str, pairs: Sequence[Pair]) -> Row:
    counts = {(first, again): 0 for first in (True, False) for again in (True, False)}
    for pair in pairs:
        counts[pair.census_value == code, pair.again_value == code] += pair.count
    both, census_only = counts[True, True], counts[True, False]
    again_only, neither = counts[False, True], counts[False, False]
    error = content_error(both, census_only, again_only, neither)
    return {
        "variable": variable,
        "class_code": code,
        "asked_count": sum(counts.values()),
        "both_count": both,
        "census_only_count": census_only,
        "reinterview_only_count": again_only,
        **vars(error),
    }
