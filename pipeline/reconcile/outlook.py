"""Draws the forecast: those counted up to tonight, the expected number, and where the pace leads by the last day."""

from __future__ import annotations

from datetime import date, timedelta

from pipeline.reconcile.figures import Row

# The field: from left to right, ground, top, and how far apart two lines of text lie.
EDGES, FLOOR, CEILING, LINE = (4, 324), 190, 30, 14


def outlook(so_far: list[Row], forecast: Row) -> Row | None:
    """Return the line of those counted, the range of the forecast and all labels, laid out in a field of 380 by 212; None before the second day, which makes a line of a point.

    Parameters
    ----------
    so_far
        Rows of `so_far.sql`, in order of days.
    forecast
        Row of `forecast.sql`.
    """
    if len(so_far) < 2:
        return None
    first: date = so_far[0]["day_on"] - timedelta(days=1)
    last: date = max(so_far[-1]["day_on"], forecast["last_on"])
    today: date = min(max(so_far[-1]["day_on"], forecast["today_on"]), last)
    present, expected = int(so_far[-1]["present_count"]), forecast["expected_count"] or 0
    ends = [forecast["high"], forecast["low"]] if forecast["status"] == "known" else []
    peak = max(present, expected, *ends) or 1

    def across(day: date) -> float:
        return EDGES[0] + (EDGES[1] - EDGES[0]) * (day - first).days / (last - first).days

    def down(count: float) -> float:
        return FLOOR - (FLOOR - CEILING) * count / peak

    now = (across(today), down(present))
    steps = "".join(f" H{across(row['day_on']):.1f} V{down(row['present_count']):.1f}" for row in so_far)
    fan = f"M{now[0]:.1f} {now[1]:.1f} L{EDGES[1]} {down(ends[0]):.1f} V{down(ends[1]):.1f} Z" if ends else None
    return {
        "counted": f"M{EDGES[0]} {FLOOR}{steps} H{now[0]:.1f} V{FLOOR} Z",
        "fan": fan,
        "middle": f"M{now[0]:.1f} {now[1]:.1f} L{EDGES[1]} {down(forecast['middle']):.1f}" if ends else None,
        "now": now,
        "expected": down(expected) if expected else None,
        "present_label": _present_label(now, down(expected), present),
        "end_labels": _end_labels([(down(count), count) for count in ends]),
        "days": _day_labels([(across(day), day) for day in (so_far[0]["day_on"], today, last)]),
    }


def _present_label(now: tuple[float, float], expected: float, present: int) -> Row:
    """Left of its point where there is room, and above it unless the line of the expected runs just there."""
    x, y = now
    is_close = 0 <= y - expected < LINE + 6
    return {"x": x, "y": y + (17 if is_close else -7), "value": present, "anchor": "end" if x > 140 else "start"}


def _end_labels(ends: list[tuple[float, float]]) -> list[Row]:
    """The upper and the lower end, a line apart even where they are nearly one."""
    if not ends:
        return []
    (high, most), (low, least) = ends
    lacking = max(LINE - (low - high), 0) / 2
    return [{"y": high - lacking, "value": most}, {"y": low + lacking, "value": least}]


def _day_labels(days: list[tuple[float, date]]) -> list[Row]:
    """The first and the last day, and tonight where it does not touch them."""
    (left, first), (middle, today), (right, last) = days
    labels = [{"x": left, "day_on": first, "anchor": "start"}, {"x": right, "day_on": last, "anchor": "end"}]
    if middle - left > 75 and right - middle > 55:
        labels.insert(1, {"x": middle, "day_on": today, "anchor": "middle"})
    return labels if right - left > 80 else labels[-1:]
