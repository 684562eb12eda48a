"""Where the campaign stands, and what is looked at there."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import yaml

from pipeline.reconcile.figures import HERE, Row, rows
from pipeline.sql import Workbench

UNCOUNTED: Row = {"finding_count": None, "checked_count": None}


@cache
def catalogue() -> dict[str, Any]:
    """Return `checks.yaml`."""
    return dict(yaml.load((HERE / "checks.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def phase_of(windows: list[tuple[str, datetime, datetime]], closing_days: int, as_of: datetime) -> str:
    """Return the phase of a moment: before, online, tablet, closing or after.

    Parameters
    ----------
    windows
        Mode, opening and closing (UTC) of every window.
    closing_days
        How long the campaign is closing after the last of them.
    as_of
        The moment, UTC, as naive as the windows.
    """
    tablet_start = min((start for mode, start, _ in windows if mode == "tablet"), default=None)
    last = max(end for _, _, end in windows)
    if as_of < min(start for _, start, _ in windows):
        return "before"
    if as_of >= last:
        return "closing" if as_of < last + timedelta(days=closing_days) else "after"
    return "tablet" if tablet_start is not None and as_of >= tablet_start else "online"


def phase(bench: Workbench) -> str:
    """Return the phase of the build's as-of; `closed` from the decision that closes the round to the one that reopens it."""
    if bench.closing:
        return "closed"
    windows = bench.con.execute("SELECT mode, starts_at, ends_at FROM round_window ORDER BY starts_at, mode").fetchall()
    return phase_of(windows, bench.value("SELECT closing_days FROM round"), bench.value("SELECT as_of FROM build"))


def checks(bench: Workbench, name: str) -> list[Row]:
    """Return the checks of a phase with their status and counts; a closed round is looked at for what is to be done after one too."""
    phases = catalogue()["phases"]
    listed = [*phases[name], *(phases["after"] if name == "closed" else [])]
    own = {row["check_id"]: row for row in rows(bench, "check_own")}
    kinds = rows(bench, "check_kind")
    sites = bench.value("SELECT count(*) FROM coverage_institution WHERE is_active")
    return [_judged(check, own, kinds, sites) for check in listed]


def _judged(check: Row, own: dict[str, Row], kinds: list[Row], sites: int) -> Row:
    if check.get("unknown"):
        return _check_row(check, "not_known", own[check["id"]] if check.get("counts") == "own" else UNCOUNTED)
    if "own" in check:
        row = own[check["id"]]
        status = check["own"] if row["finding_count"] else "ok"
        return _check_row(check, status if row["checked_count"] else "not_known", row)
    found = [row for row in kinds if row["kind"] in check["kinds"]]
    status = "failed" if any(row["is_red"] for row in found) else "attention" if found else "ok"
    if check.get("counts") == "own":
        row = own[check["id"]]
        return _check_row(check, status if found or row["checked_count"] else "not_known", row)
    total = len({row["institution_id"] for row in found})
    return _check_row(check, status, {"finding_count": total, "checked_count": max(sites, total)})


def _check_row(check: Row, status: str, counts: Row) -> Row:
    return {
        "check_id": check["id"],
        "status": status,
        "finding_count": counts["finding_count"],
        "checked_count": counts["checked_count"],
    }
