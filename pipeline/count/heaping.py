"""Makes the rows of `age_heaping`: the indices and tests of `measures`, for each publication group and everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pipeline.count.measures import birth_year_digits, first_of_january, myers, un_age_sex, whipple
from pipeline.count.measures.ages import Spike
from pipeline.errors import MeasureUndefined

EVERYBODY = "ALL"
WORKING_AGES = range(23, 63)
MALE, FEMALE = 1, 2


@dataclass(frozen=True)
class Limits:
    """From when the round calls ages heaped, and below how many people it says nothing."""

    amber_z: float
    red_z: float
    least_persons: int
    least_birthdays: int


@dataclass
class People:
    """Counted people of a group, by completed age, sex and age, birthday, and last digit of the birth year in ages 23 to 62."""

    ages: Counter[int] = field(default_factory=Counter)
    aged_sexes: Counter[tuple[int, int]] = field(default_factory=Counter)
    birthdays: Counter[bool] = field(default_factory=Counter)
    digits: Counter[int] = field(default_factory=Counter)

    def add(self, sex: int | None, age: int | None, digit: int | None, is_first: bool | None, count: int) -> None:
        """Take in `count` people alike in everything."""
        if age is not None:
            self.ages[age] += count
        if age is not None and sex is not None:
            self.aged_sexes[sex, age // 5] += count
        if is_first is not None:
            self.birthdays[is_first] += count
        if digit is not None and age in WORKING_AGES:
            self.digits[digit] += count


def heaping_rows(counted: Iterable[tuple[Any, ...]], limits: Limits) -> list[dict[str, Any]]:
    """Return a row per group and statistic; what cannot be worked out of a group's people has none.

    Parameters
    ----------
    counted
        Rows of `counted_age`: publication group, sex, age, digit, whether born on 1 January, persons.
    limits
        What the round says of verdicts.
    """
    groups: dict[str, People] = {}
    for group, *alike in counted:
        for name in (group, EVERYBODY):
            groups.setdefault(name, People()).add(*alike)
    return [
        {"publication_group": group, **row} for group, people in sorted(groups.items()) for row in _rows(people, limits)
    ]


def _rows(people: People, limits: Limits) -> Iterator[dict[str, Any]]:
    for statistic in (_whipple, _myers, _un_age_sex, _first_of_january, _birth_year_digits):
        with suppress(MeasureUndefined):
            yield from statistic(people, limits)


def _whipple(people: People, limits: Limits) -> Iterator[dict[str, Any]]:
    found = whipple(people.ages)
    verdict = None
    if found.z is not None and found.person_count >= limits.least_persons:
        verdict = "RED" if found.z > limits.red_z else "AMBER" if found.z > limits.amber_z else "EVEN"
    yield _row("WHIPPLE", found.person_count, found.value, found.z, verdict)


def _myers(people: People, _: Limits) -> Iterator[dict[str, Any]]:
    found = myers(people.ages)
    yield _row("MYERS", found.person_count, found.value)


def _un_age_sex(people: People, _: Limits) -> Iterator[dict[str, Any]]:
    males, females = ([people.aged_sexes[sex, group] for group in range(1, 15)] for sex in (MALE, FEMALE))
    yield _row("UN_AGE_SEX", sum(males) + sum(females), un_age_sex(males, females).corrected)


def _first_of_january(people: People, limits: Limits) -> Iterator[dict[str, Any]]:
    known = people.birthdays.total()
    yield _spike_row("FIRST_OF_JANUARY", first_of_january(people.birthdays[True], known), known, limits.least_birthdays)


def _birth_year_digits(people: People, limits: Limits) -> Iterator[dict[str, Any]]:
    for digit, spike in enumerate(birth_year_digits([people.digits[digit] for digit in range(10)])):
        yield _spike_row(f"BIRTH_YEAR_DIGIT_{digit}", spike, people.digits.total(), limits.least_persons)


def _spike_row(statistic: str, spike: Spike, persons: int, least: int) -> dict[str, Any]:
    verdict = ("AMBER" if spike.is_spike else "EVEN") if persons >= least else None
    return _row(statistic, persons, spike.count, spike.z, verdict)


def _row(
    statistic: str, persons: int, value: float, z: float | None = None, verdict: str | None = None
) -> dict[str, Any]:
    return {"statistic": statistic, "person_count": persons, "value": value, "z": z, "verdict": verdict}
