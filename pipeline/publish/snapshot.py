"""Snapshots: built aside, checked, named by a rename, switched by a relative symlink, pruned.

A reader that has a snapshot open keeps it whatever happens here. A crash leaves a hidden `.NAME.part` folder that the next run removes.
Going back to an earlier one takes back all that is newer. That is a line in the lake's `rollbacks.jsonl`, and only another such line, asked for by name, restores
what was taken back.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import InputsMissing, NothingToBuild, RoundClosed, StalePublication
from pipeline.lake import EVER, Lake, append_line, closing_digest, in_utc, point_current, write_json

CURRENT, PREVIOUS = "current", "previous"
SHOWN = 5
COMMANDS = {"operations": "sanaq publish", "published": "sanaq release"}


@dataclass(frozen=True)
class Publication:
    """What was published.

    Attributes
    ----------
    snapshot_id
        Name of the snapshot or release: moment and build.
    folder
        Where it lies.
    is_new
        False if this very build was published already: nothing was touched.
    content_digest
        SHA-256 over the names and digests of all Parquet files but those of what the night compared: equal digests, equal tables.
    row_counts
        Rows of each published table.
    """

    snapshot_id: str
    folder: Path
    as_of: datetime
    is_new: bool
    content_digest: str
    row_counts: dict[str, int]


def read_build_manifest(build_dir: Path) -> dict[str, Any]:
    """Read the manifest of a build.

    Raises
    ------
    InputsMissing
        The folder is not a build.
    """
    return _read_manifest(build_dir, "Run `sanaq build` first.")


def read_snapshot_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a snapshot or release.

    Raises
    ------
    InputsMissing
        The folder is neither.
    """
    return _read_manifest(folder, "Publish or release first, or name one that lies there.")


def snapshot_id(manifest: dict[str, Any], prefix: str = "") -> str:
    """Return the snapshot's name: the same build has the same name."""
    moment = datetime.fromisoformat(manifest["as_of"]).astimezone(UTC)
    return f"{prefix}{moment:%Y%m%dT%H%M%SZ}-{manifest['build_id'][:12]}"


def current_manifest(room: Path) -> dict[str, Any] | None:
    """Return the manifest `current` of a room stands for, or None before the first publication."""
    current = room / "current"
    return _read_manifest(current, "Remove the broken link `current`.") if current.exists() else None


def current_build(lake: Lake) -> Path | None:
    """Return the build folder behind `operations/current`: the night before, or None if there is none or it is gone."""
    manifest = current_manifest(lake.operations)
    folder = lake.builds / manifest["build_id"] if manifest else None
    return folder if folder and (folder / "manifest.json").exists() else None


def released_builds(lake: Lake) -> set[str]:
    """Return the builds a release was made from, or tells a held group from."""
    made = [_read_manifest(folder, "") for folder in snapshots(lake.published)]
    told = {build_id for each in made for build_id in each.get("disclosure", {}).get("told", {}).values()}
    return {each["build_id"] for each in made} | told


def withdrawn(lake: Lake, room: Path) -> set[str]:
    """Return the snapshots of a room that were taken back and not restored since."""
    names: set[str] = set()
    for row in lake.rolled_back(room):
        names.update(row["withdrawn"])
        names.discard(row["to"])
    return names


def snapshot_folder(lake: Lake, room: Path, name: str) -> Path:
    """Return the folder of a snapshot of a room.

    Parameters
    ----------
    name
        Its name, `current`, or `previous`: the one before the present one that was not taken back.

    Raises
    ------
    NothingToBuild
        There is no such snapshot.
    """
    listed = [folder.name for folder in snapshots(room)]
    taken_back = withdrawn(lake, room)
    present = current_manifest(room)
    if present is not None:
        here = present["snapshot_id"]
        before = [each for each in listed[listed.index(here) + 1 :] if each not in taken_back]
        name = {CURRENT: here, PREVIOUS: before[0] if before else name}.get(name, name)
    if name not in listed:
        told = [f"{each} (taken back)" if each in taken_back else each for each in listed[:SHOWN]]
        command = COMMANDS[room.name]
        way_out = f"`{command} --rollback NAME` puts one in force. " if present is None else ""
        raise NothingToBuild(
            _lacking(name, has_present=present is not None, has_any=bool(listed)),
            where=str(room / name),
            todo=f"{way_out}The newest that lie there: {', '.join(told)}." if told else f"Run `{command}` first.",
        )
    return room / name


def _lacking(name: str, *, has_present: bool, has_any: bool) -> str:
    if name not in (CURRENT, PREVIOUS):
        return "there is no such snapshot"
    if has_present:
        return "nothing comes before the one in force"
    return "none is in force" if has_any else "there is none yet"


def standing_folder(lake: Lake, room: Path, name: str) -> Path:
    """Return the folder of a snapshot that was not taken back; see `snapshot_folder`.

    Raises
    ------
    NothingToBuild
        There is no such snapshot.
    StalePublication
        It was taken back.
    """
    folder = snapshot_folder(lake, room, name)
    refuse_withdrawn(withdrawn(lake, room), folder)
    return folder


def roll_back(
    lake: Lake, room: Path, name: str, *, by: str, why: str, at: datetime, restores: bool = False
) -> Publication:
    """Switch `current` of a room to another snapshot, take back what is newer, and write down who did it and why.

    Where none is in force, one that lies there is put in force.

    Parameters
    ----------
    name
        The snapshot to go to; `previous` for the one before the present one.
    restores
        Go to one that was taken back, and to no other.

    Raises
    ------
    NothingToBuild
        There is no such snapshot, it is the present one, or it is to be restored and was never taken back.
    StalePublication
        It was taken back.
    RoundClosed
        It is to be restored, and the round was closed since its build was pinned.
    """
    target = (snapshot_folder if restores else standing_folder)(lake, room, name)
    present = snapshot_folder(lake, room, CURRENT) if (room / CURRENT).exists() else None
    if target == present or (restores and target.name not in withdrawn(lake, room)):
        raise NothingToBuild(
            "`current` stands for it already" if target == present else "it was not taken back",
            where=str(target),
            todo="Name another folder that lies beside it." if target == present else "`--rollback` goes to it.",
        )
    if restores and lake.closing(EVER):  # asked of the build: a release names fewer inputs
        build_id = _read_manifest(target, "")["build_id"]
        _refuse_pinned_before_close(lake, read_build_manifest(lake.builds / build_id))
    newer = {folder.name for folder in snapshots(room) if _as_of(folder) > _as_of(target)}
    if present is not None and _as_of(present) == _as_of(target):  # made with other code or decisions
        newer.add(present.name)
    here = present.name if present else None
    line = {"room": room.name, "from": here, "to": target.name, "withdrawn": sorted(newer)}
    # before the switch: none happens unwritten
    append_line(lake.rollbacks, {**line, "decided_at": at.isoformat(), "decided_by": by, "why": why})
    point_current(room, target.name)
    _sync_folder(room)
    return _publication(target, is_new=False)


def publish(
    lake: Lake,
    room: Path,
    name: str,
    manifest: dict[str, Any],
    fill: Callable[[Path], dict[str, Any]],
    keep: int | None,
    spared: Set[str] = frozenset(),
) -> Publication:
    """Make a snapshot and switch `current` to it.

    Parameters
    ----------
    lake
        The caller holds its lock `publish`.
    room
        `operations/` or `published/` of the lake.
    name
        Name of the snapshot.
    manifest
        Manifest of the build.
    fill
        Writes everything into the staging folder, checks it and returns the snapshot's manifest.
    keep
        How many snapshots to keep, those taken back not counted; all of them when None.
    spared
        Builds whose snapshots are kept besides.

    Raises
    ------
    InputsMissing
        Others lie in the room and none is in force, so nobody knows what this one follows.
    StalePublication
        What is published already is as of a later moment, or this very build was taken back.
    RoundClosed
        The round was closed since the build was pinned: it may count what waits.
    """
    room.mkdir(parents=True, exist_ok=True)
    present = current_manifest(room)
    if present is None:
        _require_none_but(name, room)
    _refuse_stale(present, manifest, room)
    _refuse_pinned_before_close(lake, manifest)
    target = room / name
    if present is not None and present["snapshot_id"] == name:
        return _publication(target, is_new=False)
    taken_back = withdrawn(lake, room)
    refuse_withdrawn(taken_back, target)
    if not target.exists():
        _make(room, name, fill)
    point_current(room, name)
    _sync_folder(room)
    if keep is not None:
        _prune(room, keep, spared, taken_back)
    return _publication(target, is_new=True)


def content_digest(digests: dict[str, str]) -> str:
    """Digest over names and digests of files."""
    lines = "".join(f"{name}\t{digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _make(room: Path, name: str, fill: Callable[[Path], dict[str, Any]]) -> None:
    for left_over in room.glob(".*.part"):
        shutil.rmtree(left_over)
    staging = room / f".{name}.part"
    staging.mkdir()
    write_json(staging / "manifest.json", fill(staging))
    for path in sorted(staging.rglob("*")):
        _sync_file(path)
    staging.rename(room / name)
    _sync_folder(room)


def _require_none_but(name: str, room: Path) -> None:
    """Only one whose own switch was cut short may lie in a room where none is in force."""
    if any(folder.name != name for folder in snapshots(room)):
        raise InputsMissing(
            "earlier ones lie here and none is in force, so nobody knows what this one follows",
            where=str(room / CURRENT),
            todo=f"Put back what `current` names, or put one that lies there in force: `{COMMANDS[room.name]} --rollback NAME --by EMPLOYEE --why TEXT`.",
        )


def _refuse_stale(present: dict[str, Any] | None, manifest: dict[str, Any], room: Path) -> None:
    if present is not None and datetime.fromisoformat(manifest["as_of"]) < datetime.fromisoformat(present["as_of"]):
        raise StalePublication(
            f"published is as of {in_utc(present['as_of'])}, this build is as of {in_utc(manifest['as_of'])}",
            where=str(room / "current"),
            todo="Build with the newest receipts and publish that; `current` was left as it is.",
        )


def _refuse_pinned_before_close(lake: Lake, manifest: dict[str, Any]) -> None:
    closing = lake.closing(EVER)
    pinned_under = manifest["inputs"].get("closing")
    if closing and manifest["build_id"] != closing["build_id"] and pinned_under != closing_digest(closing):
        raise RoundClosed(
            f"the round is closed since {in_utc(closing['decided_at'])}, and this build was pinned before",
            where=f"builds/{manifest['build_id']}",
            todo="Leave this build and make a new one (`sanaq build`), or reopen the round first: `sanaq reopen --by EMPLOYEE --why TEXT`.",
        )


def _publication(folder: Path, *, is_new: bool) -> Publication:
    manifest = _read_manifest(folder, "Publish the build again.")
    return Publication(
        snapshot_id=manifest["snapshot_id"],
        folder=folder,
        as_of=datetime.fromisoformat(manifest["as_of"]),
        is_new=is_new,
        content_digest=manifest["content_digest"],
        row_counts={name: table["row_count"] for name, table in manifest["tables"].items()},
    )


def refuse_withdrawn(taken_back: Set[str], folder: Path) -> None:
    """Refuse a snapshot that was taken back.

    Raises
    ------
    StalePublication
        It is one of those.
    """
    if folder.name in taken_back:
        raise StalePublication(
            "this was published and taken back",
            where=str(folder),
            todo=f"Mend what was wrong and build again; as it is, `{COMMANDS[folder.parent.name]} --restore {folder.name}` brings it back.",
        )


def _as_of(folder: Path) -> datetime:
    return datetime.fromisoformat(_read_manifest(folder, "")["as_of"])


def snapshots(room: Path) -> list[Path]:
    """Return the snapshots of a room, the newest first."""
    folders = [path.parent for path in room.glob("[!.]*/manifest.json") if not path.parent.is_symlink()]
    return sorted(folders, key=lambda path: (_read_manifest(path, "")["as_of"], path.name), reverse=True)


def _prune(room: Path, keep: int, spared: Set[str], taken_back: Set[str]) -> None:
    """Remove what is older than the last `keep` that stand: one that was taken back takes nobody's place, and goes when its time comes."""
    current = (room / "current").resolve()
    listed = snapshots(room)
    oldest = [folder for folder in listed if folder.name not in taken_back][: max(keep, 1)][-1]
    for folder in listed[listed.index(oldest) + 1 :]:
        if folder.resolve() != current and _read_manifest(folder, "")["build_id"] not in spared:
            # hidden first: nobody opens half a snapshot
            doomed = folder.rename(room / f".{folder.name}.part")
            shutil.rmtree(doomed)


def _read_manifest(folder: Path, todo: str) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputsMissing("manifest cannot be read", where=str(path), todo=todo) from None
    return dict(content)


def _sync_file(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as handle:
            os.fsync(handle.fileno())
    else:
        _sync_folder(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
