"""The acts of a night, one call each: what a DAG's task or a command does. Arguments and results are paths, ids and counts only.

Whatever goes wrong leaves here as a named error: Airflow logs the words of an error and of its causes, and a driver's words quote data.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import (
    BadSetting,
    ForeignFileRefused,
    GateFailed,
    InputsMissing,
    LedgerUnbalanced,
    NothingToBuild,
    NotReadyToClose,
    guarded,
)
from pipeline.lake import (
    EVER,
    SIMULATED,
    Clock,
    Lake,
    clock_from,
    counted_until,
    point_current,
    received_by,
    system_clock,
)
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipeline.desk.desk import Desk
    from pipeline.desk.explain import Explain
    from pipeline.desk.review import Review
    from pipeline.publish import Publication
    from pipeline.receive import Receipt
    from pipeline.reconcile import Reconciliation

LATE = timedelta(hours=26)  # a night, and two hours for it to come to an end
NOTHING_RECEIVED: dict[str, Any] = {"batches": 0, "newest_receipt": None}


def opened() -> tuple[Settings, Lake]:
    """Return the settings of this machine and its lake, which has to be there: only receiving begins one.

    Raises
    ------
    InputsMissing
        There is no lake where the settings say.
    """
    settings = load_settings()
    if not settings.lake.is_dir():
        raise InputsMissing(
            "there is no lake",
            where=f"{settings.lake} (SANAQ_LAKE)",
            todo="Name the folder of the lake you mean, or begin one here with `sanaq receive`.",
        )
    return settings, Lake(settings.lake)


def moment(text: str) -> datetime:
    """Return a moment written with its offset, in UTC.

    Raises
    ------
    BadSetting
        Date, time or offset is missing.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise BadSetting(
            "a moment needs a date, a time and an offset",
            where="--as-of or --now",
            todo="Write it like 2021-10-20T02:00:00+05:00.",
        )
    return parsed.astimezone(UTC)


def clock(now: str | None) -> Clock:
    """Return a clock that stands at `now`, the system clock when None."""
    return clock_from(moment(now)) if now else system_clock


@guarded
def desk(build_id: str | None = None) -> Desk:
    """Open the desk on a build, on the last one made when None."""
    from pipeline.desk.desk import Desk

    settings, lake = opened()
    return Desk(lake, settings, build_folder(lake, build_id))


@guarded
def review(build_id: str | None = None) -> Review:
    """Open the worklist of pairs of a build, of the last one made when None."""
    from pipeline.desk.review import Review

    settings, lake = opened()
    return Review(lake, settings, build_folder(lake, build_id))


@guarded
def explain(build_id: str | None = None) -> Explain:
    """Open the evidence of a build, of the last one made when None."""
    from pipeline.desk.explain import Explain

    settings, lake = opened()
    return Explain(lake, settings, build_folder(lake, build_id))


@guarded
def receive(route: str, now: str | None = None, *, is_sweep: bool = False) -> Receipt:
    """Land what is new on one route; `now` is written as the moment of receipt in place of the system clock.

    A sweep looks through all keys of the Census Database.
    """
    from pipeline.receive import receive as receive_route

    settings = load_settings()
    return receive_route(route, Lake(settings.lake), settings, clock(now), is_sweep=is_sweep)


@guarded
def propose_crosswalk(file: Path) -> str:
    """Return a draft crosswalk for a file of another survey tool, as YAML."""
    from pipeline.read.foreign import CannotBeRead, opened
    from pipeline.read.foreign.propose import propose
    from pipeline.round import load_reference

    try:
        with opened(file) as export:
            return propose(export, load_reference(load_settings().reference))
    except CannotBeRead as refused:
        code = refused.code
    raise _refused_file(code)


@guarded
def write_lines(file: Path, target: Path) -> int:
    """Write the lines of submissions that the crosswalks make of a file; return how many."""
    from pipeline.read.submissions import translator
    from pipeline.round import load_reference
    from pipeline.schema import load_tables
    from pipeline.sql import connect

    settings, lake = opened()
    schemas = load_tables(settings.reference / "questionnaire.yaml")
    with connect(settings, lake) as con:
        code = translator(con, settings, load_reference(settings.reference), schemas).write_lines(file, target)
    if code is not None:
        raise _refused_file(code)
    with target.open("rb") as lines:
        return sum(1 for _ in lines)


def _refused_file(code: str) -> ForeignFileRefused:
    return ForeignFileRefused(
        f"the file cannot be read: {code}",
        where="FILE",
        todo="docs/formats.md, section 2.5, says what the reason means.",
    )


@guarded
def open_build(as_of: str | None = None) -> str:
    """Pin the inputs of a build up to `as_of` (the newest receipt or decision when None) and return its id."""
    from pipeline import build

    settings, lake = opened()
    return build.open_build(lake, settings, moment(as_of) if as_of else None).build_id


@guarded
def pin_night(as_of: str | None = None, now: str | None = None) -> dict[str, str]:
    """Pin the inputs of a night: all that has been received by this moment (or by `as_of`).

    A night without a single receipt has an as-of of its own: what is open has become a day older.

    Returns
    -------
    dict[str, str]
        `build_id` and `as_of`.
    """
    from pipeline import build

    settings, lake = opened()
    # Under the lock nothing is being received that would bear an earlier moment.
    with lake.lock("receive"):
        present = moment(now) if now else system_clock()
        asked = moment(as_of) if as_of else max(present, lake.newest_input() or present)
        made = build.open_build(lake, settings, asked)
    return {"build_id": made.build_id, "as_of": asked.isoformat()}


@guarded
def run_step(build_id: str, step: str) -> None:
    """Make the tables of one step of a build."""
    from pipeline import build

    settings, lake = opened()
    build.run_step(lake, settings, build.load_build(lake, build_id), step)


@guarded
def finish_build(build_id: str) -> None:
    """Let `builds/current` name a build whose steps are all made, and remove builds nobody needs any more."""
    from pipeline import build

    settings, lake = opened()
    build_folder(lake, build_id)
    point_current(lake.builds, build_id)
    build.prune(lake, settings.keep_builds)


@guarded
def reconcile(build_id: str | None = None) -> Reconciliation:
    """Balance the ledger of a build, compare it with the night before, write the one page."""
    from pipeline.publish import current_build
    from pipeline.reconcile import reconcile as reconcile_build

    settings, lake = opened()
    return reconcile_build(lake, build_folder(lake, build_id), settings, current_build(lake))


@guarded
def publish(build_id: str | None = None) -> Publication:
    """Switch operations/current to a build."""
    from pipeline.publish import publish_operations

    settings, lake = opened()
    folder = build_folder(lake, build_id)
    _require_reconciled(folder)
    lake.require_space(2 * _size(folder))
    return publish_operations(lake, folder, settings)


@guarded
def release(build_id: str | None = None) -> Publication:
    """Make the analysts' database from a build, the one published last when None, and switch published/current to it."""
    from pipeline.publish import publish_release

    settings, lake = opened()
    folder = build_folder(lake, build_id or _published_build(lake))
    _require_reconciled(folder)
    lake.require_space(2 * _size(folder))
    return publish_release(lake, folder, settings)


@guarded
def close(
    by: str, why: str, build_id: str | None = None, now: str | None = None, *, with_open: bool = False
) -> dict[str, Any]:
    """Close the round on the build published last and return the decision; `build_id` says which one is meant."""
    from pipeline.desk.closing import Closing

    settings, lake = opened()
    # Under the lock nothing else is published: what people could read when they decided stays what it is.
    with lake.lock("publish"):
        published = _published_build(lake)
        folder = build_folder(lake, build_id or published)
        _require_reconciled(folder)
        if folder.name != published:
            raise NotReadyToClose(
                "a round is closed on what is published, and that build is not",
                where=f"builds/{folder.name}",
                todo="Publish it first (`sanaq publish --build BUILD_ID`), or leave --build out.",
            )
        with Closing(lake, settings, folder) as closing:
            return closing.close(by, why, clock(now), _manifest(lake.operations / "current") or {}, with_open=with_open)


@guarded
def sign_off(
    institution_id: str, present: int, usual: int, act: str, by: str, now: str | None = None
) -> dict[str, Any]:
    """Enter what a head signed and return it beside what the build published last counts."""
    from pipeline.desk.signing import Signing

    settings, lake = opened()
    with Signing(lake, settings, build_folder(lake, _published_build(lake))) as signing:
        return signing.sign(institution_id, present, usual, act, by, clock(now))


@guarded
def reopen(by: str, why: str, now: str | None = None) -> dict[str, Any]:
    """Reopen a closed round and return the decision; the register of the build published last has to know who decides."""
    from pipeline.desk.closing import Closing

    settings, lake = opened()
    with Closing(lake, settings, build_folder(lake, _published_build(lake))) as closing:
        return closing.reopen(by, why, clock(now))


@guarded
def roll_back(
    room_name: str, name: str, by: str, why: str, build_id: str | None = None, *, restores: bool = False
) -> Publication:
    """Switch `current` of `operations` or `published` to another snapshot that lies there, and write down who and why.

    What is newer is taken back; with `restores` it goes to one that was. The register of a build, of the last one made when None, has to know who decides.
    """
    from pipeline.desk.room import Room, require_reason
    from pipeline.publish import roll_back as switch

    settings, lake = opened()
    with Room(lake, settings, build_folder(lake, build_id)) as room:
        room.require_employee(by)
    require_reason(why)
    with lake.lock("publish"):
        return switch(lake, lake.root / room_name, name, by=by, why=why, at=system_clock(), restores=restores)


@guarded
def export(form: str, target: Path, release_name: str, language: str) -> list[Path]:
    """Write a release that was not taken back in one of the formats people use."""
    from pipeline.publish import standing_folder
    from pipeline.publish.export import export_release

    _, lake = opened()
    return export_release(standing_folder(lake, lake.published, release_name), form, target, language)


def _published_build(lake: Lake) -> str:
    """Return the build published last."""
    from pipeline.publish import current_build

    published = current_build(lake)
    if published is None:
        raise NothingToBuild(
            "no night is published yet",
            where=str(lake.operations),
            todo="Run `sanaq build`, `sanaq reconcile` and `sanaq publish` first, or name a build.",
        )
    return published.name


def _require_reconciled(folder: Path) -> None:
    """Let out only a build whose night was reconciled, and balanced."""
    try:
        figures = json.loads((folder / "reconcile" / "reconciliation.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        figures = None
    if figures is None or not figures["is_balanced"]:
        raise LedgerUnbalanced(
            "the build is not reconciled" if figures is None else "the build does not balance",
            where=f"builds/{folder.name}/reconcile",
            todo="Run `sanaq reconcile` and read what it says; nothing was published.",
        )


def build_folder(lake: Lake, build_id: str | None) -> Path:
    """Return the folder of a build, of the last one made when None, with all its steps.

    Raises
    ------
    NothingToBuild
        There is no such build.
    GateFailed
        A step is missing: it was not made yet, failed, or a gate did not let it pass.
    """
    from pipeline.build import STEPS

    folder = lake.builds / (build_id or "current")
    if not folder.exists():
        raise NothingToBuild(
            "there is no such build",
            where=str(folder),
            todo="Name a folder that lies beside it, or leave --build out for the last build made."
            if build_id
            else "Run `sanaq build` first.",
        )
    missing = [step for step in STEPS if not (folder / step).is_dir()]
    if missing:
        raise GateFailed(
            f"the build is not whole: {', '.join(missing)} not passed",
            where=str(folder),
            todo="Run `sanaq build` again and do what it says; nothing may be published from this build.",
        )
    return folder.resolve()


def late_hours(root: Path) -> int | None:
    """Return how old what is published in a lake's folder is, in hours, where no later night stands published in time: it failed, or was taken back.

    None where one does, nothing is published, or it is of a simulated campaign: of a moment before its lake was begun.
    """
    operations = _manifest(root / "operations" / "current")
    if not operations:
        return None
    as_of, mark = datetime.fromisoformat(operations["as_of"]), root / SIMULATED
    if mark.exists() and as_of.timestamp() < mark.stat().st_mtime:
        return None
    age = system_clock() - as_of
    return int(age / timedelta(hours=1)) if age > LATE else None


def standing(lake: Lake) -> dict[str, Any]:
    """Return what has been received by route, the last build, what is published and released, and what waits.

    `closed` is since when the round is closed, by whom and what has arrived since, by route (None while it is open);
    `late_hours` is how old what is published is where no night followed in time;
    `rolled_back` is what is published because somebody took back what was newer;
    `waiting_batch_count` counts batches what is published does not name; `not_taken` what was refused or waits for its flag, by route and reason;
    `control_gaps` what senders counted and was still missing as of the published night, by control (None while nothing is published).
    """
    received: dict[str, dict[str, Any]] = {}
    batches = lake.batches()
    for batch in batches:
        before = received.get(batch["route"], NOTHING_RECEIVED)
        received[batch["route"]] = {"batches": before["batches"] + 1, "newest_receipt": batch["received_at"]}
    operations = _manifest(lake.operations / "current")
    inputs = operations["inputs"] if operations else {"batches": []}
    closing = lake.closing(EVER)
    late = batches[len(received_by(batches, counted_until(closing, EVER))) :]  # reopened, they wait for a build
    named = {batch["batch_id"] for batch in late} & {*inputs.get("after_close", [])}
    published = {*inputs["batches"], *named}
    return {
        "lake": str(lake.root),
        "received": received,
        "build": _named(_manifest(lake.builds / "current"), "build_id"),
        "operations": _named(operations, "snapshot_id"),
        "release": _named(_manifest(lake.published / "current"), "snapshot_id"),
        "closed": _closed(closing, late),
        "late_hours": late_hours(lake.root),
        "rolled_back": [row for room in (lake.operations, lake.published) if (row := _rolled_back(lake, room))],
        "waiting_batch_count": sum(batch["batch_id"] not in published for batch in batches),
        "not_taken": lake.not_taken(EVER),
        "control_gaps": _control_gaps(lake.operations / "current", operations["as_of"]) if operations else None,
    }


def _manifest(folder: Path) -> dict[str, Any] | None:
    path = folder / "manifest.json"
    content: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return content


def _named(manifest: dict[str, Any] | None, name: str) -> dict[str, str] | None:
    return {"name": manifest[name], "as_of": manifest["as_of"]} if manifest else None


def _rolled_back(lake: Lake, room: Path) -> dict[str, Any] | None:
    """Return the line by which a room stands where it does, if what was newer was taken back by it."""
    last = next(reversed(lake.rolled_back(room)), None)
    current = _manifest(room / "current")
    return last if last and current and last["withdrawn"] and last["to"] == current["snapshot_id"] else None


def _closed(closing: dict[str, Any] | None, late: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return how the round stands closed, if it does, and what waits for it to be reopened."""
    return closing and {
        **{name: closing[name] for name in ("decided_at", "decided_by", "why", "build_id", "as_of")},
        "waiting": dict(sorted(Counter(batch["route"] for batch in late).items())),
    }


def _control_gaps(snapshot: Path, as_of: str) -> list[dict[str, Any]]:
    """Count what is missing by control: senders with a gap, what they miss, hours since the oldest could be known."""
    import pyarrow.parquet as pq

    seen_at = datetime.fromisoformat(as_of)

    total = pq.read_table(
        snapshot / "parquet" / "quality" / "control_total.parquet",
        columns=["control_code", "gap_count", "since_at"],
        filters=[("gap_count", ">", 0)],
    )
    gaps = total.group_by("control_code").aggregate([("gap_count", "count"), ("gap_count", "sum"), ("since_at", "min")])
    return [
        {"control_code": row["control_code"], "open_count": row["gap_count_count"], "missing_count": row["gap_count_sum"],
         "oldest_hours": (seen_at - row["since_at_min"].replace(tzinfo=UTC)) // timedelta(hours=1)}
        for row in sorted(gaps.to_pylist(), key=lambda row: str(row["control_code"]))
    ]  # fmt: skip


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*.parquet"))
