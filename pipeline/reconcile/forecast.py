"""How many will have been counted when the windows close: the pace of the last seven whole days carried on, as a range."""

from __future__ import annotations

from pipeline.reconcile.figures import Row

MIN_DAYS = 3


def forecast(pace: Row) -> Row:
    """Return the forecast, or why there is none.

    Parameters
    ----------
    pace
        Row of `pace.sql`.

    Returns
    -------
    dict
        `status`: unknown_expected, closed, unknown_pace or known; with it the figures.
    """
    result = {**pace, "status": "known", "pace": pace["week_count"] / 7}
    if not pace["expected_count"]:
        return {**result, "status": "unknown_expected"}
    if pace["days_left"] == 0:
        return {**result, "status": "closed", "rate": pace["present_count"] / pace["expected_count"]}
    if pace["day_count"] < MIN_DAYS:
        return {**result, "status": "unknown_pace"}
    low, high = (pace["present_count"] + pace["days_left"] * (pace[name] or 0) for name in ("low_count", "high_count"))
    missing = max(pace["expected_count"] - pace["present_count"], 0)
    return {
        **result,
        "low": low,
        "high": high,
        "low_rate": low / pace["expected_count"],
        "high_rate": high / pace["expected_count"],
        "days_needed": -(-missing * 7 // pace["week_count"]) if pace["week_count"] else None,
    }
