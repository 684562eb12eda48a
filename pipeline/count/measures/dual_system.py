"""How many there are, from two sources that count the same people independently of one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.count.measures.estimate import Estimate, require, with_interval


@dataclass(frozen=True)
class Stratum:
    """People of one kind in two sources; `key` goes from coarse to fine: category, sex, broad age."""

    key: tuple[str, ...]
    first: int
    second: int
    matched: int


@dataclass(frozen=True)
class NetCoverage:
    """What was counted against what is there, with both errors a net difference hides."""

    net_error: float
    net_undercount_rate: float
    coverage_rate: float
    omissions: float
    omission_rate: float
    gross_error: float


def lincoln_petersen(first: int, second: int, matched: int) -> float:
    """Estimate a population from two independent sources and the people found in both.

    Only for a source declared independent: one that follows the enumeration, or is followed by it, pulls the estimate down.

    Parameters
    ----------
    first, second
        Distinct people in scope in either source.
    matched
        Those of them found in both.

    Raises
    ------
    MeasureUndefined
        Nobody is in both sources, or more people than one of them has.

    Notes
    -----
    Formula: `N = n1 n2 / m`.
    Unit: persons.
    Source: C 5.5, M 6; Lincoln 1930, Petersen 1896.
    """
    _require_possible("lincoln_petersen", first, second, matched)
    require(matched > 0, "lincoln_petersen", "Nobody is in both sources")
    return first * second / matched


def chandrasekar_deming(strata: Sequence[Stratum]) -> float:
    """Estimate a population stratum by stratum, so that people hard to find in both sources do not hide in the mean.

    Parameters
    ----------
    strata
        People of one kind each, with somebody in both sources.

    Raises
    ------
    MeasureUndefined
        A stratum has nobody in both sources, or more people than one of them has.

    Notes
    -----
    Formula: `N = Σ n1 n2 / m` over the strata.
    Unit: persons.
    Source: C 5.5; Chandrasekar and Deming 1949.
    """
    return sum(lincoln_petersen(stratum.first, stratum.second, stratum.matched) for stratum in strata)


def chapman(first: int, second: int, matched: int) -> Estimate:
    """Estimate a population from two independent sources, nearly without bias in small ones, with variance and 95 % interval.

    Parameters
    ----------
    first, second
        Distinct people in scope in either source.
    matched
        Those of them found in both.

    Raises
    ------
    MeasureUndefined
        More people are in both sources than one of them has.

    Notes
    -----
    Formula: `N = (n1 + 1)(n2 + 1) / (m + 1) - 1`; `Var = (n1 + 1)(n2 + 1)(n1 - m)(n2 - m) / ((m + 1)² (m + 2))`;
        interval `N ± 1.96 √Var`, never below the people seen, `n1 + n2 - m`.
    Unit: persons.
    Source: C 5.5; Chapman 1951, Seber 1970.
    """
    _require_possible("chapman", first, second, matched)
    pairs = (first + 1) * (second + 1)
    variance = pairs * (first - matched) * (second - matched) / ((matched + 1) ** 2 * (matched + 2))
    return with_interval(pairs / (matched + 1) - 1, variance, least=first + second - matched)


def collapse_thin(strata: Sequence[Stratum], least_matched: int = 20) -> list[Stratum]:
    """Join strata with too few people in both sources to their sisters: first over broad age, then sex, then category.

    All sisters are joined, not the thin ones alone: which neighbour to take would otherwise be a choice made by looking at the result.

    Parameters
    ----------
    strata
        People of one kind each, all keys of one length.
    least_matched
        People in both sources a stratum must have.

    Raises
    ------
    MeasureUndefined
        All strata together have fewer.

    Notes
    -----
    Formula: from the finest part of the key to the coarsest, a parent with a child of `m < least_matched` becomes one stratum.
    Unit: strata.
    Source: C 5.5 (10 to 20 in every stratum).
    """
    require(
        sum(stratum.matched for stratum in strata) >= least_matched,
        "collapse_thin",
        f"Fewer than {least_matched} people are in both sources",
    )
    found = sorted(strata, key=lambda stratum: stratum.key)
    for depth in range(max(len(stratum.key) for stratum in found) - 1, -1, -1):
        thin = {stratum.key[:depth] for stratum in found if stratum.matched < least_matched}
        kept = [stratum for stratum in found if stratum.key[:depth] not in thin]
        joined = [_join(key, [stratum for stratum in found if stratum.key[:depth] == key]) for key in thin]
        found = sorted([*kept, *joined], key=lambda stratum: stratum.key)
    return found


def stratified_chapman(strata: Sequence[Stratum], least_matched: int = 20) -> Estimate:
    """Add up Chapman's estimates of all strata, thin ones joined before.

    Parameters
    ----------
    strata
        People of one kind each, all keys of one length.
    least_matched
        People in both sources a stratum must have.

    Raises
    ------
    MeasureUndefined
        All strata together have too few people in both sources, or one has more than a source has.

    Notes
    -----
    Formula: `N = Σ N_h`, `Var = Σ Var_h` over the strata `collapse_thin` leaves; interval `N ± 1.96 √Var`.
    Unit: persons.
    Source: C 5.5.
    """
    for stratum in strata:
        _require_possible("stratified_chapman", stratum.first, stratum.second, stratum.matched)
    kept = collapse_thin(strata, least_matched)
    parts = [chapman(stratum.first, stratum.second, stratum.matched) for stratum in kept]
    seen = sum(stratum.first + stratum.second - stratum.matched for stratum in kept)
    return with_interval(sum(part.value for part in parts), sum(part.variance for part in parts), least=seen)


def net_coverage(counted: int, erroneous: int, population: float) -> NetCoverage:
    """Hold a count against an estimate of the population, omissions and erroneous inclusions beside the net error.

    Parameters
    ----------
    counted
        People in the count, those who should not be there among them.
    erroneous
        Those who should not be there: doubles, born after or died before the moment, invented, wrong place.
    population
        How many there are, by an estimate independent of the count.

    Raises
    ------
    MeasureUndefined
        The population is nil, or more are erroneous than were counted.

    Notes
    -----
    Formula: net error `C - N`; net undercount rate `(N - C) / N`; coverage rate `C / N`; omissions `O = N - (C - X)`;
        omission rate `O / N`, with Lincoln-Petersen the same as `1 - m / n2`; gross error `O + X`.
    Unit: persons; shares of the population.
    Source: C 5.5, M 6; United Nations, Post Enumeration Surveys: Operational Guidelines, 2010.
    """
    require(population > 0, "net_coverage", "The population is nil")
    require(0 <= erroneous <= counted, "net_coverage", "More people are erroneous than were counted")
    omissions = population - (counted - erroneous)
    return NetCoverage(
        net_error=counted - population,
        net_undercount_rate=(population - counted) / population,
        coverage_rate=counted / population,
        omissions=omissions,
        omission_rate=omissions / population,
        gross_error=omissions + erroneous,
    )


def _require_possible(measure: str, first: int, second: int, matched: int) -> None:
    require(0 <= matched <= min(first, second), measure, "More people are in both sources than one of them has")


def _join(key: tuple[str, ...], parts: Sequence[Stratum]) -> Stratum:
    return Stratum(
        key, sum(part.first for part in parts), sum(part.second for part in parts), sum(part.matched for part in parts)
    )
