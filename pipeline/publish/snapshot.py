"""Snapshots: built aside, checked, named by a rename, switched by a relative symlink, pruned.

A reader that has a snapshot open keeps it whatever happens here. A crash leaves a hidden `.NAME.part` folder that the next run removes.
Taking one back is a line in the lake's `rollbacks.jsonl`; it holds until another build is published, and only a rollback brings the withdrawn one back.
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

from pipeline.errors import InputsMissing, NothingToBuild, StalePublication
from pipeline.lake import Lake, append_line, point_current, write_json

PREVIOUS = "previous"


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
        SHA-256 over the names and digests of all Parquet files: equal digests, equal tables.
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
    """Return the builds a release was made from."""
    return {_read_manifest(folder, "")["build_id"] for folder in _published(lake.published)}


def roll_back(lake: Lake, room: Path, name: str, *, by: str, why: str, at: datetime) -> Publication:
    """Switch `current` of a room to an earlier, or back to a later, snapshot, and write down who did it and why.

    Parameters
    ----------
    name
        The snapshot to go to; `previous` for the one before the present one.

    Raises
    ------
    NothingToBuild
        There is no such snapshot, or it is the present one.
    """
    present = current_manifest(room)
    listed = [folder.name for folder in _published(room)]
    if present is not None and name == PREVIOUS:
        name = next(iter(listed[listed.index(present["snapshot_id"]) + 1 :]), PREVIOUS)
    if present is None or name not in listed or name == present["snapshot_id"]:
        raise NothingToBuild(
            "there is no such snapshot to go to",
            where=str(room / name),
            todo="Name another folder that lies beside it.",
        )
    line = {"room": room.name, "from": present["snapshot_id"], "to": name}
    lake.rollbacks.touch(mode=0o600, exist_ok=True)
    # before the switch: none happens unwritten
    append_line(lake.rollbacks, {**line, "decided_at": at.isoformat(), "decided_by": by, "why": why})
    point_current(room, name)
    _sync_folder(room)
    return _publication(room / name, is_new=False)


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
        How many snapshots to keep; all of them when None.
    spared
        Builds whose snapshots are kept besides.

    Raises
    ------
    StalePublication
        What is published already is as of a later moment, or this very build was taken back.
    """
    room.mkdir(parents=True, exist_ok=True)
    present = current_manifest(room)
    _refuse_stale(present, manifest, room)
    target = room / name
    if present is not None and present["snapshot_id"] == name:
        return _publication(target, is_new=False)
    _refuse_withdrawn(lake, room, name)
    if not target.exists():
        _make(room, name, fill)
    point_current(room, name)
    _sync_folder(room)
    if keep is not None:
        _prune(room, keep, spared)
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
    staging.mkdir(mode=0o700)
    write_json(staging / "manifest.json", fill(staging))
    for path in sorted(staging.rglob("*")):
        _sync_file(path)
    staging.rename(room / name)
    _sync_folder(room)


def _refuse_stale(present: dict[str, Any] | None, manifest: dict[str, Any], room: Path) -> None:
    if present is not None and datetime.fromisoformat(manifest["as_of"]) < datetime.fromisoformat(present["as_of"]):
        raise StalePublication(
            f"published is as of {present['as_of']}, this build is as of {manifest['as_of']}",
            where=str(room / "current"),
            todo="Build with the newest receipts and publish that; `current` was left as it is.",
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


def _refuse_withdrawn(lake: Lake, room: Path, name: str) -> None:
    withdrawn: set[str] = set()
    for row in lake.rolled_back(room):
        withdrawn.add(row["from"])
        withdrawn.discard(row["to"])
    if name in withdrawn:
        raise StalePublication(
            "this build was published and taken back",
            where=str(room / name),
            todo=f"Mend what was wrong and build again; to bring it back as it is, `--rollback {name}`.",
        )


def _published(room: Path) -> list[Path]:
    """Return the snapshots of a room, the newest first."""
    folders = [path.parent for path in room.glob("[!.]*/manifest.json") if not path.parent.is_symlink()]
    return sorted(folders, key=lambda path: (_read_manifest(path, "")["as_of"], path.name), reverse=True)


def _prune(room: Path, keep: int, spared: Set[str]) -> None:
    current = (room / "current").resolve()
    for folder in _published(room)[max(keep, 1) :]:
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
