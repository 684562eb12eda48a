"""Charts as plain SVG and as bars for HTML: drawn from the figures alone, no script, no library."""

from __future__ import annotations

from datetime import date, timedelta

from markupsafe import Markup

from pipeline.reconcile.figures import Row

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 1000, 120, 44, 10, 22
STEPS = ("list", "departed", "died", "arrived", "born", "leave", "headcount", "expected", "counted")
TOTALS = ("list", "expected", "counted")


def progress(daily: list[Row]) -> dict[str, Markup]:
    """Return two charts over the same days, each to its own scale: persons by interview day and by receipt day.

    Parameters
    ----------
    daily
        Rows of `daily.sql`, in order of days.
    """
    return {name: _panel(_every_day(daily, name), name) for name in ("interviewed", "received")} if daily else {}


def waterfall(row: Row) -> list[Row]:
    """Return the steps of one group's waterfall: name, value, and where its bar lies in per cent of the width."""
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
        }
        for step, value, low, high in spans
        if value or step in TOTALS
    ]


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
        if _is_labelled(number, len(days)):
            parts.append(f'<text x="{left + step / 2:.1f}" y="{HEIGHT - 6}" class="tick">{day:%d.%m}</text>')
    body = "".join(parts)
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" class="progress">{body}</svg>')  # noqa: S704  # numbers and dates only


def _level(height: float, count: int, kind: str) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{height}" y2="{height}" class="{kind}"/>'
        f'<text x="{LEFT - 6}" y="{height + 4}" class="peak">{count}</text>'
    )


def _is_labelled(number: int, count: int) -> bool:
    """About ten labels, evenly, none cut at the right edge."""
    return number % max(count // 10, 1) == 0 and number < count - count // 16
