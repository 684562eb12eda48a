"""Whether ages and birth dates were known or guessed: indices of heaping, each beside what chance alone would make of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from pipeline.count.measures.estimate import require

BORN_FIRST_OF_JANUARY = Fraction(4, 1461)
CONFIDENCE = 0.999


@dataclass(frozen=True)
class Heaping:
    """An index of heaping over `person_count` people; `noise` is what even ages would show by chance: a deviation, or a mean value."""

    value: float
    person_count: int
    noise: float
    z: float | None


@dataclass(frozen=True)
class AgeSexIndex:
    """The age-sex accuracy index with its parts; `corrected` takes off what a small population shows by chance."""

    value: float
    corrected: float
    sex_ratio_score: float
    male_age_ratio_score: float
    female_age_ratio_score: float


@dataclass(frozen=True)
class Spike:
    """A count against its binomial expectation; beyond `limit` it is a spike."""

    count: int
    expected: float
    limit: int
    z: float
    is_spike: bool


def whipple(ages: Mapping[int, int]) -> Heaping:
    """Measure how many people in ages 23 to 62 have an age that ends in 0 or 5, and how far that is from chance.

    100 is no heaping, 500 is everybody; below 105 very accurate, to 110 fair, to 125 approximate, to 175 rough, above very rough. The classes
    are made for countries: in small groups look at `z`, and judge from 600 people on. It is blind to birth dates set to 1 January.

    Parameters
    ----------
    ages
        People by completed age.

    Raises
    ------
    MeasureUndefined
        Nobody is between 23 and 62.

    Notes
    -----
    Formula: `W = 500 Σ P(25, 30, …, 60) / Σ P(23 … 62)`; `σ = 200 / √n`; `z = (W - 100) / σ`.
    Unit: index.
    Source: C 5.5, M 6; Whipple 1919.
    """
    counted = sum(ages.get(age, 0) for age in range(23, 63))
    require(counted > 0, "whipple", "Nobody is between 23 and 62")
    value = 500 * sum(ages.get(age, 0) for age in range(25, 61, 5)) / counted
    noise = 200 / math.sqrt(counted)
    return Heaping(value, counted, noise, (value - 100) / noise)


def myers(ages: Mapping[int, int]) -> Heaping:
    """Measure how unevenly the last digits of ages 10 to 89 are used, all ten of them, whatever the age structure.

    0 is no heaping, 90 is one digit alone. It is a sum of sizes, never below 0: `noise` is what chance shows on average, about 7 at 300
    people; there is no `z`. Nobody is counted from 90 on, so ages as frequent at 80 as at 20 show 1.7 more; where few are so old, nothing.

    Parameters
    ----------
    ages
        People by completed age.

    Raises
    ------
    MeasureUndefined
        Nobody is between 10 and 89.

    Notes
    -----
    Formula: blended `B(a) = (a + 1) Σ P[10-89, digit a] + (9 - a) Σ P[20-89, digit a]`; `M = Σ |100 B(a) / ΣB - 10| / 2`;
        noise `500 √(2/π) √(0.09 / n')`, `n' = (Σ w)² / Σ w²` over people, `w` being 10 from age 20 on and `a + 1` before.
    Unit: per cent of the people who would have to change digit.
    Source: C 5.5, M 6; Myers 1940.
    """
    weight = {age: 10 if age >= 20 else age % 10 + 1 for age in range(10, 90)}
    counted = sum(ages.get(age, 0) for age in weight)
    require(counted > 0, "myers", "Nobody is between 10 and 89")
    blended = [0] * 10
    for age, times in weight.items():
        blended[age % 10] += times * ages.get(age, 0)
    total = sum(blended)
    value = sum(abs(100 * part / total - 10) for part in blended) / 2
    effective = total**2 / sum(times**2 * ages.get(age, 0) for age, times in weight.items())
    return Heaping(value, counted, 500 * math.sqrt(2 / math.pi) * math.sqrt(0.09 / effective), None)


def un_age_sex(males: Sequence[int], females: Sequence[int]) -> AgeSexIndex:
    """Measure how smoothly ages and the ratio of the sexes go from one five-year group to the next.

    Below 20 accurate, to 40 inaccurate, above highly inaccurate, for a country. No verdict is drawn for institutions: who lives in them is
    chosen by age and sex, and perfect data of 3,000 people score about 72 before the correction.

    Parameters
    ----------
    males, females
        People by five-year group, from 5-9 to 70-74: fourteen numbers each.

    Raises
    ------
    MeasureUndefined
        There are not fourteen groups, or one of them has nobody of a sex.

    Notes
    -----
    Formula: `3 S + A(m) + A(f)`. `S`: mean `|R(i) - R(i-1)|` of the sex ratios `100 M / F` of neighbours from 10-14 to 65-69. `A`: mean
        `|200 P(i) / (P(i-1) + P(i+1)) - 100|` over 10-14 to 65-69. Corrected: `- 3500 / √N + 3.5`, `N` being all fourteen groups.
    Unit: index.
    Source: C 5.5, M 6; United Nations, Manual II, 1955.
    """
    require(len(males) == len(females) == 14, "un_age_sex", "There are not fourteen groups, 5-9 to 70-74")
    require(min(*males, *females) > 0, "un_age_sex", "A group has nobody of a sex")
    ratios = [100 * men / women for men, women in zip(males[1:-1], females[1:-1], strict=True)]
    sex_score = sum(abs(later - earlier) for earlier, later in pairwise(ratios)) / (len(ratios) - 1)
    male_score, female_score = _age_ratio_score(males), _age_ratio_score(females)
    value = 3 * sex_score + male_score + female_score
    corrected = value - 3500 / math.sqrt(sum(males) + sum(females)) + 3.5
    return AgeSexIndex(value, corrected, sex_score, male_score, female_score)


def binomial_spike(count: int, person_count: int, share: Fraction, confidence: float = CONFIDENCE) -> Spike:
    """Tell whether a value is given more often than chance explains.

    Parameters
    ----------
    count
        People who have the value.
    person_count
        All people asked.
    share
        The share that would have it by chance.
    confidence
        How rarely chance may be taken for a spike: 0.999 is once in a thousand groups.

    Raises
    ------
    MeasureUndefined
        There is nobody, or more people have the value than there are.

    Notes
    -----
    Formula: the limit is the least `k` with `P(X > k) < 1 - confidence`, `X` binomial of `n` and `p`; `z = (x - np) / √(np(1 - p))`.
    Unit: persons.
    Source: M 6 (99.9 %).
    """
    require(0 <= count <= person_count > 0, "binomial_spike", "There is nobody, or more have the value than there are")
    expected = float(person_count * share)
    limit = _binomial_limit(person_count, float(share), 1 - confidence)
    return Spike(count, expected, limit, (count - expected) / math.sqrt(expected * float(1 - share)), count > limit)


def first_of_january(count: int, person_count: int) -> Spike:
    """Tell whether more people have 1 January as their birthday than chance explains: what is written where only the year is known.

    Parameters
    ----------
    count
        People born on 1 January of any year.
    person_count
        All people with a birth date.

    Raises
    ------
    MeasureUndefined
        There is nobody, or more people have that birthday than there are.

    Notes
    -----
    Formula: `binomial_spike` with `p = 4 / 1461`, one day of four years: more than 3 of 100, 5 of 300, 9 of 1,000.
    Unit: persons.
    Source: M 6.
    """
    return binomial_spike(count, person_count, BORN_FIRST_OF_JANUARY)


def birth_year_digits(births: Sequence[int]) -> list[Spike]:
    """Tell, for every last digit of the birth year, whether more people have it than chance explains.

    Parameters
    ----------
    births
        People by last digit of the birth year, 0 to 9, whose ages fill whole decades (23 to 62): else the digits are not equally likely.

    Raises
    ------
    MeasureUndefined
        There are not ten numbers, or nobody at all.

    Notes
    -----
    Formula: `binomial_spike` with `p = 1 / 10`, each digit by itself.
    Unit: persons.
    Source: M 6.
    """
    require(len(births) == 10, "birth_year_digits", "There are not ten digits")
    return [binomial_spike(count, sum(births), Fraction(1, 10)) for count in births]


def _age_ratio_score(people: Sequence[int]) -> float:
    ratios = [200 * people[i] / (people[i - 1] + people[i + 1]) for i in range(1, len(people) - 1)]
    return sum(abs(ratio - 100) for ratio in ratios) / len(ratios)


@cache
def _binomial_limit(trials: int, share: float, tail: float) -> int:
    low, high = int(trials * share) - 1, trials
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _above(middle, trials, share) < tail else (middle, high)
    return high


def _above(limit: int, trials: int, share: float) -> float:
    """Return P(X > limit); from the expectation on its terms only fall, so the sum may end with the first that adds nothing."""
    if limit >= trials:
        return 0.0
    count = limit + 1
    ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    term = math.exp(ways + count * math.log(share) + (trials - count) * math.log1p(-share))
    total = term
    while count < trials and (count <= trials * share or term > total * 1e-12):
        term *= (trials - count) / (count + 1) * share / (1 - share)
        count += 1
        total += term
    return total
