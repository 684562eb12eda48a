"""Charts as plain SVG and as bars for HTML: worked out from the figures alone, no script, no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import chain, pairwise

from markupsafe import Markup

from pipeline.reconcile.figures import Row

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LABEL = 380, 120, 40, 10, 22, 32
STEPS = ("list", "departed", "died", "arrived", "born", "leave", "headcount", "expected", "counted")
TOTALS = ("list", "expected", "counted")
# From which per cent on a tile has the next shade; the last is more than expected (method 6: 3 % either way is agreement).
SHADES = (50, 80, 95, 103)
AGES = range(0, 90, 5)


def whole_percent(rate: float) -> int:
    """Return a share in whole per cent, rounded down: 99.9 % is not yet 100 %."""
    return math.floor(rate * 100 + 1e-9)


def progress(daily: list[Row]) -> dict[str, Markup]:
    """Return two charts over the same days, each to its own scale: persons by interview day and by receipt day.

    Parameters
    ----------
    daily
        Rows of `daily.sql`, in order of days.
    """
    return {name: _panel(_every_day(daily, name), name) for name in ("interviewed", "received")} if daily else {}


def waterfall(row: Row) -> list[Row]:
    """Return the steps of one group's waterfall: name, value, where its bar lies in per cent of the width, and how far it falls short of the expected."""
    running, spans = 0, []
    for step in STEPS:
        value = int(row[f"{step}_count"] or 0)
        start = 0 if step in TOTALS else running
        running = value if step in ("list", "expected") else running if step == "counted" else running + value
        spans.append((step, value, min(start, start + value), max(start, start + value)))
    widest = max((high for *_, high in spans), default=0) or 1
    return [
        {
            "step": step,
            "value": value,
            "is_total": step in TOTALS,
            "left": 100 * max(low, 0) / widest,
            "width": 100 * (high - max(low, 0)) / widest,
            "sign": "up" if value > 0 else "down",
            "lacking": 100 * max(int(row["expected_count"] or 0) - value, 0) / widest if step == "counted" else 0,
        }
        for step, value, low, high in spans
        if value or step in TOTALS
    ]


def district_map(districts: list[Row], layout: Sequence[Sequence[str | None]]) -> list[Row]:
    """Return a tile for each district: its figures, column and line on the map, and shade (None where there is no share to show).

    Parameters
    ----------
    districts
        Rows of `district.sql`.
    layout
        The round's `tile_map`.
    """
    places = {kato: (column, line) for line, row in enumerate(layout) for column, kato in enumerate(row) if kato}
    width = max(map(len, layout), default=3)
    unplaced = [row["district_kato"] for row in districts if row["district_kato"] not in places]
    below = {kato: (at % width, len(layout) + at // width) for at, kato in enumerate(unplaced)}
    return [
        {**row, "column": column, "line": line, "shade": _shade(row["usual_rate"])}
        for row in districts
        for column, line in [(places | below)[row["district_kato"]]]
    ]


def shade_words() -> list[str]:
    """Return what each shade of a tile says, for the legend."""
    between = [f"{low}–{high - 1} %" for low, high in pairwise(SHADES)]
    return [f"< {SHADES[0]} %", *between, f"≥ {SHADES[-1]} % ↑"]


def pyramid(ages: list[Row]) -> list[Row]:
    """Return every five-year group, the oldest first, with how long its two bars are as a share of the longest.

    Parameters
    ----------
    ages
        Rows of `age_group.sql`.
    """
    known = {
        row["age_group"]: (int(row["men_count"]), int(row["women_count"]))
        for row in ages
        if row["age_group"] != "UNKNOWN"
    }
    peak = max(chain.from_iterable(known.values()), default=0) or 1
    return [
        {"ages": label, "men": men, "women": women, "men_share": men / peak, "women_share": women / peak}
        for group, label in reversed(_age_groups())
        for men, women in [known.get(group, (0, 0))]
    ]


def _age_groups() -> list[tuple[str, str]]:
    """The groups as `age_sex` names them, and as a reader does."""
    *closed, oldest = AGES
    return [(f"{low:02d}-{low + 4:02d}", f"{low}–{low + 4}") for low in closed] + [(f"{oldest}+", f"{oldest}+")]


def _shade(rate: float | None) -> int | None:
    """By the whole per cent that stands in the tile."""
    return None if rate is None else sum(whole_percent(rate) >= bound for bound in SHADES)


def _every_day(daily: list[Row], name: str) -> list[tuple[date, int]]:
    known = {row["day_on"]: int(row[f"{name}_count"]) for row in daily}
    first, last = daily[0]["day_on"], daily[-1]["day_on"]
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day, known.get(day, 0)) for day in days]


def _panel(days: list[tuple[date, int]], name: str) -> Markup:
    peak = max(count for _, count in days) or 1
    ground, room, step = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM, (WIDTH - LEFT - 8) / len(days)
    parts = [_level(TOP, peak, "grid"), _level(ground, 0, "axis")]
    for number, (day, count) in enumerate(days):
        left, high = LEFT + number * step, room * count / peak
        if count:
            parts.append(
                f'<rect x="{left + step * 0.1:.1f}" y="{ground - high:.1f}" width="{max(step * 0.8, 0.6):.1f}" height="{high:.1f}" '
                f'class="{name}"><title>{day:%d.%m}: {count}</title></rect>'
            )
        if _is_labelled(number, len(days), left + step / 2):
            parts.append(f'<text x="{left + step / 2:.1f}" y="{HEIGHT - 6}" class="tick">{day:%d.%m}</text>')
    body = "".join(parts)
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="by-{name}" class="chart progress">'
    return Markup(f"{head}{body}</svg>")  # noqa: S704  # numbers and dates only


def _level(height: float, count: int, kind: str) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{height}" y2="{height}" class="{kind}"/>'
        f'<text x="{LEFT - 6}" y="{height + 4}" class="peak">{count}</text>'
    )


def _is_labelled(number: int, count: int, middle: float) -> bool:
    """About six labels, evenly, none cut at the right edge."""
    return number % math.ceil(count / 6) == 0 and middle + LABEL / 2 <= WIDTH
