"""A process killed at any point leaves nothing half: the next run comes to the same tables, and readers never notice."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline.build import STEPS
from pipeline.lake import point_current
from tests.road.conftest import Played
from tests.road.road import Road, digests

pytestmark = pytest.mark.timeout(600)

DEADLY = """
import os, signal, sys
import pipeline.lake, pipeline.publish.operations, pipeline.publish.snapshot
from pipeline.cli import main
from pipeline.sql import Workbench

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def deadly(function, when=lambda *args: True, after=False):
    def wrapped(*args, **kwargs):
        is_last = when(*args)
        if is_last and not after:
            die()
        result = function(*args, **kwargs)
        if is_last:
            with open(result, "r+b") if isinstance(result, os.PathLike) else open(os.devnull) as half:
                if half.writable():
                    half.truncate(os.path.getsize(result) // 2)
            die()
        return result
    return wrapped

{patch}
sys.argv = {argv!r}
main()
"""
# After the second table of a step its file is cut in half: what a full disk and a power cut leave.
IN_STEP = """
left = {left}
def second(bench, *args):
    global left
    left -= bench.step == {step!r}
    return bench.step == {step!r} and left == 0
Workbench.write = deadly(Workbench.write, second, after=True)
"""
WHILE_PUBLISHING = {
    "tables are written": IN_STEP.format(step="publish", left=2),
    "the database is made": "pipeline.publish.operations.make_database = deadly(pipeline.publish.operations.make_database, after=True)",
    "the snapshot is forced to the disk": "pipeline.publish.snapshot._sync_file = deadly(pipeline.publish.snapshot._sync_file)",
    "the snapshot is named": "import pathlib; pathlib.Path.rename = deadly(pathlib.Path.rename)",
    "current is switched": "os.replace = deadly(os.replace, lambda source, target: str(target).endswith('current'))",
}


def die(root: Path, road: Road, patch: str, *args: str) -> None:
    """Run a command in a process of its own that is killed where the patch says."""
    script = DEADLY.format(patch=patch, argv=["sanaq", *args])
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=road.env | {"PYTHONPATH": str(root)},
        cwd=road.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr


def back_to_the_second_night(played: Played, road: Road) -> Path:
    """Take away what the third night made; return the folder its build had."""
    room = road.lake.operations
    third = (room / "current").resolve()
    (second,) = room.glob(f"*-{played.builds[1].name[:12]}")
    point_current(room, second.name)
    shutil.rmtree(third)
    point_current(road.lake.builds, played.builds[1].name)
    return road.lake.builds / played.builds[2].name


def assert_yesterday_stands(played: Played, road: Road) -> None:
    """What is published is last night's snapshot, whole."""
    current = road.lake.operations / "current"
    assert current.resolve().name.endswith(played.builds[1].name[:12])
    with duckdb.connect(str(current / "operations.duckdb"), read_only=True) as con:
        assert con.execute("SELECT build_id FROM meta.snapshot").fetchall() == [(played.builds[1].name,)]
    assert road.answer("SELECT sum(received_count)::BIGINT AS n FROM quality.ledger")[0]["n"] > 0


def left_over(folder: Path) -> list[str]:
    """Return what a killed process left below a folder."""
    return [path.name for path in folder.rglob(".*") if path.name.endswith((".part", ".new", ".old"))]


@pytest.mark.slow
def test_killed_in_every_step_one_after_the_other_a_build_comes_to_the_same_tables(
    root: Path, played: Played, copy_of: Callable[..., Road]
) -> None:
    road = copy_of("killed", with_builds=True)
    build = back_to_the_second_night(played, road)
    shutil.rmtree(build)
    for step in STEPS:
        die(root, road, IN_STEP.format(step=step, left=1 if step == "gates" else 2), "build")
        assert not (build / step).exists()
        assert (road.lake.builds / "current").resolve().name == played.builds[1].name
        assert_yesterday_stands(played, road)
    assert road.build() == build
    assert digests(build) == played.first_digests[2]
    assert left_over(road.lake.root) == []


@pytest.mark.slow
def test_killed_while_publishing_readers_keep_yesterday_and_the_next_run_publishes(
    root: Path, played: Played, copy_of: Callable[..., Road]
) -> None:
    road = copy_of("killed", with_builds=True)
    room, build = road.lake.operations, back_to_the_second_night(played, road)
    point_current(road.lake.builds, build.name)
    for patch in WHILE_PUBLISHING.values():
        die(root, road, patch, "publish")
        assert_yesterday_stands(played, road)
    road.do("publish")
    assert digests(room / "current") == digests(played.road.lake.operations / "current")
    assert left_over(room) == []


def test_a_night_killed_before_it_published_is_made_good_by_the_next(
    root: Path, played: Played, copy_of: Callable[..., Road]
) -> None:
    """The morning after: whoever is on duty runs the commands of the night again and nothing else."""
    road = copy_of("killed", with_builds=True)
    build = back_to_the_second_night(played, road)
    shutil.rmtree(build / "gates")
    die(root, road, IN_STEP.format(step="gates", left=1), "build")
    assert road.sanaq("publish").code == 0, "publishing again what is published is no error"
    assert_yesterday_stands(played, road)
    assert road.sanaq("publish", "--build", build.name).code == 4
    assert_yesterday_stands(played, road)
    for command in ("build", "reconcile", "publish"):
        road.do(command)
    assert (road.lake.operations / "current").resolve().name.endswith(build.name[:12])


def test_the_next_step_sweeps_what_killed_processes_left(played: Played, copy_of: Callable[..., Road]) -> None:
    road = copy_of("swept", with_builds=True)
    build = road.lake.builds / played.builds[2].name
    shutil.rmtree(build / "check")
    half, old, fresh = road.lake.memo / "v" / ".b.part", road.lake.temp / "4711", road.lake.temp / "4712"
    for folder in (half, old, fresh):
        folder.mkdir(parents=True)
        (folder / "rows").write_text("rows of people")
    os.utime(old, (0, 0))
    road.build()
    assert [folder.exists() for folder in (half, old, fresh)] == [False, False, True]


@pytest.mark.slow
def test_killed_from_outside_at_any_moment_a_build_comes_to_the_same_tables(
    root: Path, played: Played, copy_of: Callable[..., Road]
) -> None:
    road = copy_of("killed")
    dice = random.Random(20210831)
    longest = 4.0
    for _ in range(8):
        with start(root, road, "build") as child:
            time.sleep(dice.uniform(0.5, longest))
            os.kill(child.pid, signal.SIGKILL)
        longest *= 1.3
    folder = road.build()
    assert digests(folder) == played.first_digests[2]
    assert left_over(road.lake.root) == []


@pytest.mark.slow
def test_two_at_once_build_one_build(root: Path, played: Played, copy_of: Callable[..., Road]) -> None:
    road = copy_of("twice")
    with start(root, road, "build") as one, start(root, road, "build") as other:
        assert [one.wait(500), other.wait(500)] == [0, 0]
    assert digests(road.lake.builds / played.builds[2].name) == played.first_digests[2]


def start(root: Path, road: Road, *args: str) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own."""
    environment = road.env | {"PYTHONPATH": str(root)}
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *args], env=environment, cwd=road.folder, stdout=subprocess.DEVNULL
    )
