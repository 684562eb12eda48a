"""The acts of a night, one call each: what a DAG's task or a command does. Arguments and results are paths, ids and counts only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import BadSetting, NothingToBuild
from pipeline.lake import Lake, clock_from, point_current, system_clock
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipeline.publish import Publication
    from pipeline.receive import Receipt
    from pipeline.reconcile import Reconciliation


def opened() -> tuple[Settings, Lake]:
    """Return the settings of this machine and its lake."""
    settings = load_settings()
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
            where="as_of or now",
            todo="Write it like 2021-10-20T02:00:00+05:00.",
        )
    return parsed.astimezone(UTC)


def receive(route: str, now: str | None = None) -> Receipt:
    """Land what is new on one route; `now` is written as the moment of receipt in place of the system clock."""
    from pipeline.receive import receive as receive_route

    settings, lake = opened()
    return receive_route(route, lake, settings, clock_from(moment(now)) if now else system_clock)


def open_build(as_of: str | None = None) -> str:
    """Pin the inputs of a build up to `as_of` (the newest receipt when None) and return its id."""
    from pipeline import build

    settings, lake = opened()
    return build.open_build(lake, settings, moment(as_of) if as_of else None).build_id


def run_step(build_id: str, step: str) -> None:
    """Make the tables of one step of a build."""
    from pipeline import build

    settings, lake = opened()
    build.run_step(lake, settings, build.load_build(lake, build_id), step)


def finish_build(build_id: str) -> None:
    """Let `builds/current` name a build whose steps are all made and whose gates are passed."""
    _, lake = opened()
    point_current(lake.builds, build_id)


def reconcile(build_id: str | None = None) -> Reconciliation:
    """Balance the ledger of a build, compare it with the night before, write the one page."""
    from pipeline.publish import current_build
    from pipeline.reconcile import reconcile as reconcile_build

    settings, lake = opened()
    return reconcile_build(lake, build_folder(lake, build_id), settings, current_build(lake))


def publish(build_id: str | None = None) -> Publication:
    """Switch operations/current to a build."""
    from pipeline.publish import publish_operations

    settings, lake = opened()
    return publish_operations(lake, build_folder(lake, build_id), settings)


def release(build_id: str | None = None) -> Publication:
    """Make the analysts' database from a build and switch published/current to it."""
    from pipeline.publish import publish_release

    settings, lake = opened()
    return publish_release(lake, build_folder(lake, build_id), settings)


def build_folder(lake: Lake, build_id: str | None) -> Path:
    """Return the folder of a build, of the last one made when None.

    Raises
    ------
    NothingToBuild
        There is no such build.
    """
    folder = lake.builds / (build_id or "current")
    if not folder.exists():
        raise NothingToBuild("there is no such build", where=str(folder), todo="Run `sanaq build` first.")
    return folder.resolve()
