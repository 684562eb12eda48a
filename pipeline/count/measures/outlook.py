"""What is still to come: where the pace leads by the end of the window, and how many live where nothing was received."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.count.measures.estimate import NORMAL_95, Estimate, require, with_interval

WEEK = 7
STUDENT_95_OF_A_WEEK = 2.447  # 6 degrees of freedom
LEAST_INSTITUTIONS = 3


def forecast(counted: int, new_by_day: Sequence[int], days_left: int, new_since: int = 0) -> Estimate:
    """Carry the pace of the last whole week on to the end of the window.

    A week, so that every weekday weighs the same; older days say little about a pace that follows the route of the teams. It is not capped
    by the expected count: a forecast above it is news. It presumes days like those of the week; a closed office is not in it.

    Parameters
    ----------
    counted
        People counted by the end of the last whole day.
    new_by_day
        People new on each of the last whole days, oldest first.
    days_left
        Days the window stays open after them, today among them.
    new_since
        People new since, today: they are among those the pace foresees, and nothing below them is foreseen.

    Raises
    ------
    MeasureUndefined
        There are fewer than seven whole days, or the window has closed.

    Notes
    -----
    Formula: `F = C + h r`, at least `C + t`, with `C` those counted before today, `t` those of today, `r` the mean of seven days and `h` the
        days left with today; `Var = s² h + s² h² / 7`, the days to come and the mean itself; interval `F ± 2.447 √Var` (Student, 6 degrees),
        never below `C + t`.
    Unit: persons.
    Source: M 6, M 7; forecast of a constant mean.
    """
    require(len(new_by_day) >= WEEK, "forecast", "There are fewer than seven whole days")
    require(days_left >= 0, "forecast", "The window has closed")
    days = new_by_day[-WEEK:]
    pace = sum(days) / WEEK
    spread = sum((new - pace) ** 2 for new in days) / (WEEK - 1)
    variance = spread * days_left + spread * days_left**2 / WEEK
    so_far = counted + new_since
    return with_interval(max(counted + pace * days_left, so_far), variance, STUDENT_95_OF_A_WEEK, least=so_far)


def ratio_estimate(answered: Sequence[tuple[int, int]], expected_silent: int) -> Estimate:
    """Estimate how many are in institutions from which nothing came, by those of the same type from which something did.

    Shown beside the counts and flagged, never added to them. No answers are made up for anybody.

    Parameters
    ----------
    answered
        Expected and counted people of each institution of the type that has answered.
    expected_silent
        Expected people of those that have not, together.

    Raises
    ------
    MeasureUndefined
        Fewer than three institutions have answered, or one of them expected nobody.

    Notes
    -----
    Formula: `R = Σ counted / Σ expected`, estimate `R X`; `σ² = Σ ((y - R x)² / x) / (n - 1)`, `Var = σ² X (1 + X / Σ x)`;
        interval `± 1.96 √Var`, never below 0.
    Unit: persons.
    Source: C 5.1 (group quarters count imputation); Royall 1970.
    """
    require(len(answered) >= LEAST_INSTITUTIONS, "ratio_estimate", "Fewer than three institutions of the type answered")
    require(min(expected for expected, _ in answered) > 0, "ratio_estimate", "An institution expected nobody")
    expected_answered = sum(expected for expected, _ in answered)
    ratio = sum(counted for _, counted in answered) / expected_answered
    squares = math.fsum((counted - ratio * expected) ** 2 / expected for expected, counted in answered)
    spread = squares / (len(answered) - 1)
    variance = spread * expected_silent * (1 + expected_silent / expected_answered)
    return with_interval(ratio * expected_silent, variance, NORMAL_95)
