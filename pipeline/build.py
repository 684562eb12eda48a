"""The order of the steps, once. The command line and the DAG are both made from it.

A build is a pure function of pinned inputs: the batches received up to as-of, reference data, recorded decisions and the code.
`manifest.json` names them; its hash is the build's id, so the same inputs are the same folder.

While the round is closed, inputs count up to the build it was closed on: what came later is named in the manifest and waits.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline import sealed
from pipeline.errors import BadReferenceFile, InputsMissing, NothingToBuild
from pipeline.lake import LOG, Lake, closing_digest, counted_until, received_by, write_json
from pipeline.settings import PROJECT, Settings
from pipeline.sql import Workbench


def _step(module: str) -> Callable[[Workbench], None]:
    """Return the step of a module, imported when it runs: a process that makes one step pays for no other."""
    return lambda bench: import_module(f"pipeline.{module}").run(bench)


STEPS: dict[str, Callable[[Workbench], None]] = {
    "read": _step("read"),
    "check": _step("check.records"),
    "resolve": _step("resolve"),
    "count": _step("count"),
    "gates": _step("check.gates"),
}
CODE = (
    "pipeline/**/*.py",
    "pipeline/**/*.sql",
    "pipeline/**/*.sql.jinja",
    "pipeline/**/*.yaml",
    "expectations/**/*.yaml",
)
DAY = 24 * 3600


@dataclass(frozen=True)
class Build:
    """A build: its folder and the inputs it is made from."""

    build_id: str
    folder: Path
    as_of: datetime
    manifest: dict[str, Any]

    def is_done(self, step: str) -> bool:
        """Whether the step's tables are there, whole."""
        return (self.folder / step).is_dir()


def open_build(lake: Lake, settings: Settings, as_of: datetime | None = None) -> Build:
    """Pin the inputs of a build and make its folder.

    Parameters
    ----------
    as_of
        Moment with offset, inclusive; the newest receipt or decision when None.

    Raises
    ------
    NothingToBuild
        No batch had been received by then.
    """
    moment = as_of or lake.newest_input()
    batches = lake.batches(moment) if moment else []
    if moment is None or not batches:
        raise NothingToBuild(
            "nothing had been received by then",
            where=str(lake.root),
            todo="Run `sanaq receive`, or give a later --as-of.",
        )
    for name in lake.torn():
        LOG.warning(
            "a line of %s was cut while it was written: it decides nothing, `sanaq doctor` says what to do", name
        )
    return _made(lake, moment, _inputs(lake, settings, moment, batches))


def repeat_build(lake: Lake, settings: Settings, manifest: Path) -> Build:
    """Open the build a manifest describes.

    Raises
    ------
    InputsMissing
        It is no manifest; a batch is not in this lake; or reference data, decisions or code are not the ones named.
    """
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        moment, pinned = datetime.fromisoformat(content["as_of"]), dict(content["inputs"])
    except (OSError, ValueError, KeyError, TypeError):
        moment, pinned = None, {}
    if moment is None or moment.tzinfo is None:
        raise InputsMissing(
            "there is no manifest of a build",
            where=str(manifest),
            todo="Name builds/BUILD_ID/manifest.json of the build.",
        )
    differing = _differing(_inputs(lake, settings, moment, lake.batches(moment)), pinned)
    if differing:
        raise InputsMissing(
            f"inputs differ from the manifest: {', '.join(differing)}",
            where=str(manifest),
            todo="Copy landing/, receipts.jsonl and decisions/ whole and check out the code version the manifest names.",
        )
    return _made(lake, moment, pinned)


def run_step(lake: Lake, settings: Settings, build: Build, step: str) -> None:
    """Make the tables of one step; a step that is there whole is left as it is.

    The tables appear under their final name at once, by a rename: a killed step leaves nothing a later one could read. One step at a time
    is at work on a lake; another process waits.

    Raises
    ------
    InputsMissing
        Code, reference data or decisions changed since the build was pinned: what came out would not be what its id says.
    """
    with lake.lock("build"):
        if build.is_done(step):
            return
        batches = lake.batches(build.as_of)  # once: there may be thousands
        _require_same(lake, settings, build, batches)
        _sweep(lake)
        lake.require_space(sum(file["size"] for batch in batches for file in batch["files"]))
        bench = Workbench.over(build.folder, step, lake, settings, build.as_of, batches)
        try:
            STEPS[step](bench)
        finally:
            bench.close()
        bench.step_dir.rename(build.folder / step)


def run(lake: Lake, settings: Settings, build: Build, on_step: Callable[[str], None] = lambda step: None) -> None:
    """Make every step in order; `on_step` hears the name of each before it starts."""
    for step in STEPS:
        on_step(step)
        run_step(lake, settings, build, step)


def load_build(lake: Lake, build_id: str) -> Build:
    """Return a build pinned earlier.

    Raises
    ------
    NothingToBuild
        There is no such build.
    """
    folder = lake.builds / build_id
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NothingToBuild(
            "there is no such build", where=str(folder), todo="Run `sanaq build`, or clear `pin_inputs`."
        ) from None
    return Build(build_id, folder, datetime.fromisoformat(manifest["as_of"]), manifest)


def prune(lake: Lake, keep: int) -> list[str]:
    """Remove all builds but the `keep` made last, those published and those the round was closed on; each can be made again from its inputs.

    Of `memo/` goes what no build and no pull has read for days: the last run of batches is another with every batch that comes.

    Returns
    -------
    list[str]
        Ids of the builds removed.
    """
    # what is being published is known once it is there; in this order no publication waits for a step
    with lake.lock("build"), lake.lock("publish"):
        spared = _published(lake) | lake.closed_on()
        for left_over in lake.builds.glob(".*.old"):
            shutil.rmtree(left_over)
        builds = [path for path in lake.builds.iterdir() if path.is_dir() and not path.is_symlink()]
        builds.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        current = (lake.builds / "current").resolve()
        doomed = [path for path in builds[max(keep, 1) :] if path.name not in spared and path != current]
        for path in doomed:
            shutil.rmtree(path.rename(path.with_name(f".{path.name}.old")))
        for typed in lake.memo.glob("*/*"):
            if typed.stat().st_mtime < time.time() - 2 * DAY:
                shutil.rmtree(typed.rename(typed.with_name(f".{typed.name}.part")))  # never half of it by its name
    return [path.name for path in doomed]


def _published(lake: Lake) -> set[str]:
    """Return the builds of what is published; a release that holds a group tells it from the build of an earlier one."""
    manifests = [*lake.operations.glob("*/manifest.json"), *lake.published.glob("*/manifest.json")]
    published = [json.loads(path.read_text(encoding="utf-8")) for path in manifests]
    told = {build_id for made in published for build_id in made.get("disclosure", {}).get("told", {}).values()}
    return {made["build_id"] for made in published} | told


def code_version() -> str:
    """Return a hash over every file that takes part in making tables."""
    paths = sorted(path for pattern in CODE for path in PROJECT.glob(pattern))
    return _sha256("".join(f"{path.relative_to(PROJECT)}\t{_file_sha256(path)}\n" for path in paths))


def _sweep(lake: Lake) -> None:
    """Remove what killed processes left behind: batches and steps in part, and rows spilled to the disk a day ago or longer."""
    steps = (
        part for step in STEPS for part in lake.builds.glob(f"*/.{step}.part")
    )  # may hold identity not yet encrypted
    for part in (*lake.memo.glob("*/.*.part"), *steps):  # only a step is at work on these, and this one holds the lock
        shutil.rmtree(part, ignore_errors=True)
    for spilled in lake.temp.glob("*"):
        if spilled.stat().st_mtime < time.time() - DAY:
            shutil.rmtree(spilled, ignore_errors=True)


def _require_same(lake: Lake, settings: Settings, build: Build, batches: list[dict[str, Any]]) -> None:
    differing = _differing(_inputs(lake, settings, build.as_of, batches), build.manifest["inputs"])
    if differing:
        raise InputsMissing(
            f"{', '.join(differing)} changed since the build was pinned",
            where=str(build.folder),
            todo="Start a new build: clear `pin_inputs` and what follows it, or run `sanaq build`.",
        )


def _differing(here: dict[str, Any], pinned: dict[str, Any]) -> list[str]:
    return sorted(name for name in here.keys() | pinned.keys() if here.get(name) != pinned.get(name))


def _inputs(lake: Lake, settings: Settings, as_of: datetime, batches: list[dict[str, Any]]) -> dict[str, Any]:
    closing = lake.closing(as_of)
    until = counted_until(closing, as_of)
    counted = received_by(batches, until)
    kinds = sorted(path.stem for path in lake.decisions.glob("*.jsonl"))
    # a kind first decided on later is not there yet: it must not change the past
    decided = {kind: rows for kind in kinds if (rows := lake.decided(kind, until))}
    closed = closing and {
        "closing": closing_digest(closing),
        "after_close": [batch["batch_id"] for batch in batches[len(counted) :]],
    }
    lock = PROJECT / "uv.lock"
    return {
        "batches": [batch["batch_id"] for batch in counted],
        **(closed or {}),
        "receipts": _sha256("".join(f"{batch['batch_id']}\t{batch['received_at']}\n" for batch in batches)),
        "round": _file_sha256(settings.round),
        "reference": _folder_sha256(settings.reference),
        "crosswalks": _folder_sha256(settings.crosswalks),
        "decisions": _sha256(json.dumps(decided, sort_keys=True)),
        "code": code_version(),
        "lock": _file_sha256(lock) if lock.exists() else None,
        "trust_root": settings.trust_root or None,
        **({"identity_key": key} if (key := sealed.fingerprint(settings)) else {}),
        "id_key": _sha256("id key:" + (settings.id_key.get_secret_value() if settings.id_key else ""))[:16],
    }


def _made(lake: Lake, as_of: datetime, inputs: dict[str, Any]) -> Build:
    moment = as_of.astimezone(UTC)
    build_id = _sha256(json.dumps({"as_of": moment.isoformat(), "inputs": inputs}, sort_keys=True))[:16]
    folder = lake.builds / build_id
    lake.prepare()
    folder.mkdir(exist_ok=True)
    manifest = {"build_id": build_id, "as_of": moment.isoformat(), "inputs": inputs}
    write_json(folder / "manifest.json", manifest)
    return Build(build_id, folder, moment, manifest)


def _folder_sha256(folder: Path) -> str:
    return _sha256("".join(f"{path.name}\t{_file_sha256(path)}\n" for path in sorted(folder.glob("*.yaml"))))


def _file_sha256(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise BadReferenceFile(
            f"cannot be read: {error.strerror}", where=str(path), todo="Put the file there, or correct SANAQ_ROUND."
        ) from None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
