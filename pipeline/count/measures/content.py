"""How well answers hold when the same people are asked again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.count.measures.estimate import require


@dataclass(frozen=True)
class ContentError:
    """One class of one question, census against re-interview; `inconsistency_index` is None where nobody or everybody is in the class."""

    agreement_rate: float
    gross_difference_rate: float
    net_difference_rate: float
    inconsistency_index: float | None
    verdict: Literal["low", "moderate", "high"] | None


def content_error(both: int, census_only: int, reinterview_only: int, neither: int) -> ContentError:
    """Compare the answers to one class of a question in the census and in a second interview.

    Parameters
    ----------
    both
        People in the class by both interviews.
    census_only, reinterview_only
        People in it by one of them.
    neither
        People in it by none, but with an answer in both.

    Raises
    ------
    MeasureUndefined
        Nobody was asked again.

    Notes
    -----
    Formula: agreement `(a + d) / n`; gross difference rate `GDR = (b + c) / n`; net difference rate `(b - c) / n`, above 0 where the
        census has more; index of inconsistency `100 GDR / (p1 (1 - p2) + p2 (1 - p1))` with `p1 = (a + b) / n`, `p2 = (a + c) / n`:
        below 20 low, to 50 moderate, above high. Empty where both have nobody, or everybody, in the class.
    Unit: shares of the people asked twice; the index in per cent.
    Source: C 5.5; United Nations, Post Enumeration Surveys: Operational Guidelines, 2010.
    """
    asked = both + census_only + reinterview_only + neither
    require(min(both, census_only, reinterview_only, neither) >= 0 < asked, "content_error", "Nobody was asked again")
    census, again = (both + census_only) / asked, (both + reinterview_only) / asked
    gross = (census_only + reinterview_only) / asked
    by_chance = census * (1 - again) + again * (1 - census)
    index = 100 * gross / by_chance if by_chance else None
    return ContentError(
        agreement_rate=(both + neither) / asked,
        gross_difference_rate=gross,
        net_difference_rate=(census_only - reinterview_only) / asked,
        inconsistency_index=index,
        verdict=None if index is None else _verdict(index),
    )


def _verdict(index: float) -> Literal["low", "moderate", "high"]:
    if index < 20:
        return "low"
    return "moderate" if index <= 50 else "high"
