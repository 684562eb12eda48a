"""One small campaign, played once for all workers: three nights and a release."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.campaign import create
from tests.road.road import NIGHTS, SIZE, Road, copied, digests, umask


@dataclass(frozen=True)
class Played:
    """A campaign as it was lived; nobody may change it.

    Attributes
    ----------
    builds
        Folder of the build of each night.
    first_digests
        Tables of each build, with the hash each had when it was made.
    """

    road: Road
    campaign: Path
    builds: list[Path]
    first_digests: list[dict[str, str]]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Three nights and a release."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "played"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole.json").exists():
            with umask(0o022):  # as most accounts have it: a lake is closed to others all the same
                _play(folder)
    content = json.loads((folder / "whole.json").read_text())
    return Played(
        Road(folder, folder / "campaign"), folder / "campaign", [Path(b) for b in content["builds"]], content["digests"]
    )


def _play(folder: Path) -> None:
    for name in ("campaign", "lake", "inbox"):  # a worker that was stopped half-way
        shutil.rmtree(folder / name, ignore_errors=True)
    create(folder / "campaign", **SIZE)
    road = Road(folder, folder / "campaign")
    builds = [road.night(until) for until in NIGHTS]
    road.do("release")
    whole = {"builds": [str(build) for build in builds], "digests": [digests(build) for build in builds]}
    (folder / "whole.json").write_text(json.dumps(whole))


@pytest.fixture
def campaign(played: Played, tmp_path: Path) -> Path:
    """A copy of the field, with a clock of its own."""
    return Path(shutil.copytree(played.campaign, tmp_path / "campaign"))


@pytest.fixture
def road(tmp_path: Path, campaign: Path) -> Road:
    """An empty lake before a field of its own."""
    return Road(tmp_path / "road", campaign)


@pytest.fixture
def copy_of(played: Played, tmp_path: Path) -> Callable[..., Road]:
    """Make a copy of the lake that was played."""

    def make(name: str = "copy", *, with_builds: bool = False, campaign: Path | None = None) -> Road:
        return copied(played.road, tmp_path / name, campaign, with_builds=with_builds)

    return make
