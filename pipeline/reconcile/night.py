"""One night: does it balance, what changed, what to do, what is not known."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.errors import LedgerUnbalanced, RoundClosed
from pipeline.lake import Lake, closing_digest, write_json
from pipeline.reconcile.campaign import checks, phase
from pipeline.reconcile.figures import (
    Row,
    named_batches,
    read_manifest,
    register_before,
    register_beside,
    register_causes,
    register_landed,
    register_no_history,
    register_not_taken,
    register_translated,
    rows,
)
from pipeline.reconcile.page import render
from pipeline.settings import Settings
from pipeline.sql import Workbench

PAGE = "index.html"
FIGURES = "reconciliation.json"


@dataclass(frozen=True)
class Reconciliation:
    """What a night found.

    Attributes
    ----------
    folder
        Where `index.html` and `reconciliation.json` lie.
    figures
        Everything on the page, as written into `reconciliation.json`.
    """

    build_id: str
    as_of: datetime
    is_balanced: bool
    folder: Path
    figures: dict[str, Any] = field(repr=False)

    @property
    def page(self) -> Path:
        """The one page."""
        return self.folder / PAGE

    def summary(self) -> dict[str, Any]:
        """Return the verdict in one row."""
        verdict = self.figures["verdict"]
        statuses = [check["status"] for check in self.figures["checks"]]
        return {
            "build_id": self.build_id,
            "as_of": self.as_of.isoformat(),
            "is_balanced": self.is_balanced,
            "phase": self.figures["phase"],
            "received": verdict["received_count"],
            "counted": verdict["person_count"],
            "control_gap": verdict["control_gap_count"],
            "checks_failed": statuses.count("failed"),
            "checks_attention": statuses.count("attention"),
            "page": str(self.page),
        }


def reconcile(
    lake: Lake, build_dir: Path, settings: Settings, previous_build_dir: Path | None = None
) -> Reconciliation:
    """Hold a finished build against itself and against the night before; write the page and its figures.

    Parameters
    ----------
    build_dir
        A finished build.
    previous_build_dir
        The build behind `operations/current`; None on the first night.

    Raises
    ------
    LedgerUnbalanced
        Something received is not accounted for, or was there last night and is gone, but for what a foreign file became fewer records by:
        another verdict on its bundle's signature, or another crosswalk. The page is written all the same and names the batches; nothing
        must be published.
    """
    manifest = read_manifest(build_dir)
    bench = Workbench.over(build_dir, "reconcile", lake, settings, datetime.fromisoformat(manifest["as_of"]))
    folder = build_dir / "reconcile"
    folder.mkdir(exist_ok=True)
    try:
        register_landed(bench, manifest)
        media_out = register_beside(bench, datetime.fromisoformat(manifest["as_of"]))
        register_no_history(bench)
        not_taken = register_not_taken(bench, lake, manifest)
        change = _compare(bench, lake, manifest, previous_build_dir)
        bench.write("discrepancy_history")
        figures = {**_figures(bench, manifest, media_out), "not_taken": not_taken, "change": change}
        figures["problems"] += figures["change"].pop("problems")
        figures["is_balanced"] = not figures["problems"]
        labels, tile_map = _group_labels(bench), bench.round.tile_map
        for table in bench.step_dir.glob("*.parquet"):
            table.replace(folder / table.name)
    finally:
        bench.close()
        shutil.rmtree(bench.step_dir, ignore_errors=True)
    write_json(folder / FIGURES, _plain(figures))
    (folder / PAGE).write_text(render(figures, labels, tile_map), encoding="utf-8")
    _require_balance(figures["problems"], folder)
    return Reconciliation(manifest["build_id"], datetime.fromisoformat(manifest["as_of"]), True, folder, figures)


def _figures(bench: Workbench, manifest: dict[str, Any], media_out: list[Row]) -> dict[str, Any]:
    name = phase(bench)
    return {
        "build_id": manifest["build_id"],
        "as_of": datetime.fromisoformat(manifest["as_of"]),
        "zone": bench.value("SELECT zone FROM round"),
        "phase": name,
        "closed": closed_since(bench, manifest),
        "problems": rows(bench, "imbalance"),
        "verdict": {**rows(bench, "verdict")[0], **rows(bench, "open_discrepancy")[0]},
        "actions": rows(bench, "action"),
        "moves": rows(bench, "discrepancy_move")[0],
        "open_kinds": rows(bench, "open_kind"),
        "readiness": rows(bench, "readiness"),
        "groups": rows(bench, "by_group"),
        "districts": rows(bench, "district"),
        "ages": {**rows(bench, "guessed_age")[0], "groups": rows(bench, "age_group")},
        "waterfall": rows(bench, "waterfall"),
        "daily": rows(bench, "daily"),
        "tablets": {**rows(bench, "tablet_total")[0], "media_out": media_out, "open": rows(bench, "tablet")},
        "forecast": rows(bench, "forecast")[0],
        "so_far": rows(bench, "so_far"),
        "checks": checks(bench, name),
        "unknown": [row for row in rows(bench, "unknown") if row["size_count"]],
    }


def closed_since(bench: Workbench, manifest: dict[str, Any]) -> Row | None:
    """Return since when the round is closed, by whom, up to when inputs count, and how many batches have come since; None while it is open.

    Raises
    ------
    RoundClosed
        The build was pinned before the close, as of a moment after it.
    """
    closing = bench.closing
    # as of a moment after the close, pinned before it
    if closing and manifest["inputs"].get("closing") != closing_digest(closing):
        raise RoundClosed(
            "the round was closed since this build was pinned",
            where=f"builds/{manifest['build_id']}",
            todo="Leave this build and make a new one: `sanaq build`.",
        )
    return closing and {
        "since": datetime.fromisoformat(closing["decided_at"]),
        "by": closing["decided_by"],
        "as_of": datetime.fromisoformat(closing["as_of"]),
        "waiting_count": len(manifest["inputs"]["after_close"]),
    }


def _compare(bench: Workbench, lake: Lake, manifest: dict[str, Any], previous: Path | None) -> dict[str, Any]:
    """What changed since the night before; `problems` holds what was there and is gone."""
    nothing: dict[str, Any] = {
        "status": "first",
        "problems": [],
        "groups": [],
        "transitions": [],
        "persons": [],
        "against": None,
    }
    if previous is None or not (previous / "manifest.json").exists():
        return nothing
    before = read_manifest(previous)
    if before["build_id"] == manifest["build_id"]:
        return _compare_again(bench, lake, manifest, nothing)
    is_later = datetime.fromisoformat(before["as_of"]) > datetime.fromisoformat(manifest["as_of"])
    if is_later or not register_before(bench, previous):
        return nothing
    register_causes(bench, lake, before, manifest)
    bench.write("person_change")
    transitions, groups = rows(bench, "transition"), rows(bench, "change")
    return {
        "status": "compared",
        "against": datetime.fromisoformat(before["as_of"]),
        "against_build_id": before["build_id"],
        "groups": groups,
        "transitions": transitions,
        "persons": rows(bench, "person_change_count"),
        "problems": _gone(bench, before, manifest) + _not_adding_up(groups),
    }


def _compare_again(bench: Workbench, lake: Lake, manifest: dict[str, Any], nothing: dict[str, Any]) -> dict[str, Any]:
    """This build is published already: compare with what was published before it."""
    current = lake.operations / "current"
    earlier = read_manifest(current).get("previous_build_id") if current.exists() else None
    if not earlier or earlier == manifest["build_id"]:
        return {**nothing, "status": "same"}
    return _compare(bench, lake, manifest, lake.builds / earlier)


def _gone(bench: Workbench, before: dict[str, Any], now: dict[str, Any]) -> list[Row]:
    """Batches that are gone, and those that lost records without anything that may make fewer of the same bytes."""
    if batches := sorted(named_batches(before) - named_batches(now)):
        return [_problem("RECORDS_GONE", batch, 1, 0) for batch in batches]
    register_translated(bench, before, now)
    return rows(bench, "gone")


def _not_adding_up(groups: list[Row]) -> list[Row]:
    parts = ("before_count", "new_count", "duplicate_count", "moved_count", "reclassified_count")
    return [
        _problem("CHANGE_DOES_NOT_ADD_UP", row["page_group"], row["now_count"], sum(row[part] for part in parts))
        for row in groups
        if row["now_count"] != sum(row[part] for part in parts)
    ]


def _problem(problem: str, batch_id: str | None, wanted: int, found: int) -> Row:
    return {"problem": problem, "batch_id": batch_id, "route": None, "wanted_count": wanted, "found_count": found}


def _group_labels(bench: Workbench) -> dict[str, dict[str, str]]:
    """Labels of the publication groups, where the reference data have them."""
    listed = bench.con.execute(
        "SELECT code, label_kk, label_ru, label_en FROM ref_code WHERE code_list = 'publication_group' ORDER BY code"
    ).fetchall()
    return {code: {"kk": kk, "ru": ru, "en": en} for code, kk, ru, en in listed}


def _require_balance(problems: list[Row], folder: Path) -> None:
    if not problems:
        return
    first = problems[0]
    raise LedgerUnbalanced(
        f"{len(problems)} places do not balance; the first is {first['problem']}: "
        f"{first['wanted_count']} should be there, {first['found_count']} are",
        where=f"route {first['route']}, batch {first['batch_id']}",
        todo=f"Nothing is published. Read {folder / PAGE}, report the batches with the build id, delete nothing.",
    )


def _plain(value: Any) -> Any:
    """Dates and moments as text, for JSON."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
