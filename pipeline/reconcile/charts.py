"""Charts as plain SVG and as bars for HTML: drawn from the figures alone, no script, no library."""

from __future__ import annotations

from datetime import date, timedelta

from markupsafe import Markup

from pipeline.reconcile.figures import Row

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 1000, 220, 44, 14, 22
STEPS = ("list", "departed", "died", "arrived", "born", "leave", "headcount", "expected", "counted")
TOTALS = ("list", "expected", "counted")


def progress(daily: list[Row]) -> Markup:
    """Return the chart of persons by interview day (up) and by receipt day (down), each half to its own scale.

    Parameters
    ----------
    daily
        Rows of `daily.sql`, in order of days.
    """
    if not daily:
        return Markup()
    days = _every_day(daily)
    peak_up = max((up for _, up, _ in days), default=0) or 1
    peak_down = max((down for _, _, down in days), default=0) or 1
    half = (HEIGHT - TOP - BOTTOM) / 2
    middle = TOP + half
    step = (WIDTH - LEFT - 8) / len(days)
    parts = [_axis(middle, peak_up, peak_down)]
    for number, (day, up, down) in enumerate(days):
        left = LEFT + number * step
        parts.append(_bar(left, middle - half * up / peak_up, step, half * up / peak_up, "up", f"{day:%d.%m}: {up}"))
        parts.append(_bar(left, middle, step, half * down / peak_down, "down", f"{day:%d.%m}: {down}"))
        if _is_labelled(number, day, len(days)):
            parts.append(f'<text x="{left + step / 2:.1f}" y="{HEIGHT - 6}" class="tick">{day:%d.%m}</text>')
    body = "".join(parts)
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" class="progress">{body}</svg>')  # noqa: S704  # numbers and dates only


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


def _every_day(daily: list[Row]) -> list[tuple[date, int, int]]:
    known = {row["day_on"]: row for row in daily}
    first, last = daily[0]["day_on"], daily[-1]["day_on"]
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        (day, int(known[day]["interviewed_count"]), int(known[day]["received_count"])) if day in known else (day, 0, 0)
        for day in days
    ]


def _axis(middle: float, peak_up: int, peak_down: int) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - 8}" y1="{middle:.1f}" y2="{middle:.1f}" class="axis"/>'
        f'<text x="{LEFT - 6}" y="{TOP + 8}" class="peak">{peak_up}</text>'
        f'<text x="{LEFT - 6}" y="{middle + 4:.1f}" class="peak">0</text>'
        f'<text x="{LEFT - 6}" y="{HEIGHT - BOTTOM}" class="peak">{peak_down}</text>'
    )


def _bar(left: float, top: float, step: float, height: float, kind: str, title: str) -> str:
    if height <= 0:
        return ""
    width = max(step * 0.8, 0.6)
    return f'<rect x="{left + step * 0.1:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" class="{kind}"><title>{title}</title></rect>'


def _is_labelled(number: int, day: date, count: int) -> bool:
    """About eight labels, at the first of a month or evenly."""
    return number % max(count // 10, 1) == 0 and number < count - count // 16
