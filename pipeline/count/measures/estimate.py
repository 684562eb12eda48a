"""An estimate with its interval, and the refusal to make one out of numbers that cannot carry it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.errors import MeasureUndefined

NORMAL_95 = 1.96


@dataclass(frozen=True)
class Estimate:
    """A figure that was not counted: its value, its variance and the 95 % interval around it."""

    value: float
    variance: float
    low: float
    high: float


def with_interval(value: float, variance: float, quantile: float = NORMAL_95, least: float = 0.0) -> Estimate:
    """Return the estimate with its interval; it does not reach below `least`, what is known to be there."""
    reach = quantile * math.sqrt(variance)
    return Estimate(value, variance, max(least, value - reach), value + reach)


def require(holds: bool, measure: str, why: str) -> None:
    """Refuse to compute.

    Raises
    ------
    MeasureUndefined
        The condition does not hold.
    """
    if not holds:
        raise MeasureUndefined(why, where=measure, todo="The figure is left out; counts do not depend on it")
