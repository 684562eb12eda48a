"""Killed at any moment while it receives and reads, the next run comes to the same bytes: landing, receipts, tables and ledger.

The killed runs are forks of one process that has everything imported, so that a moment is one of the work and none of starting Python.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline import build
from pipeline.lake import clock_from
from pipeline.round import OFFICE_ROUTES
from sandbox.campaign import create
from sandbox.deliver import deliver
from tests.receive.field import Field
from tests.road.road import NIGHTS, digests

pytestmark = pytest.mark.timeout(3600)

MOMENT = datetime.fromisoformat(NIGHTS[-1])
AGAIN = 0.3  # the chance that the run after a kill is killed, too
ROUTES = (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb")
WORKER = """
import os, sys
from pathlib import Path
from tests.road.test_kill_moments import work

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        work(Path(line.strip()))
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


def work(folder: Path, step: str = "read") -> Path:
    """Receive what lies in the inbox at one moment, and build up to a step; return the build's folder."""
    field = Field(folder, threads=1, memory_limit="512MB")
    for route in ROUTES:
        field.receive(route, clock_from(MOMENT))
    opened = build.open_build(field.lake, field.settings)
    for name in build.STEPS:
        build.run_step(field.lake, field.settings, opened, name)
        if name == step:
            break
    return opened.folder


class Worker:
    """Starts runs that can be killed."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, seconds: float | None = None) -> tuple[int, float]:
        """Run, and kill after some seconds; return the exit status and how long it took."""
        assert self.process.stdin
        assert self.process.stdout
        print(folder, file=self.process.stdin, flush=True)
        child, began = int(self.process.stdout.readline()), time.perf_counter()
        if seconds is not None:
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it had ended
                os.kill(child, signal.SIGKILL)
        status = int(self.process.stdout.readline())
        return status, time.perf_counter() - began


@pytest.fixture
def worker(root: Path) -> Iterator[Worker]:
    started = Worker(root)
    yield started
    assert started.process.stdin
    started.process.stdin.close()
    started.process.wait(10)


def state(folder: Path) -> dict[str, str]:
    """Return what must be the same: every landed file, the receipts of what landed, and every table of the step with their hashes."""
    field = Field(folder)
    landed = {str(row["batch_id"]): str(row["received_at"]) for row in field.receipts() if row["outcome"] == "landed"}
    return field.landing() | landed | digests(field.lake.builds)


def killed_at(worker: Worker, folder: Path, moments: int) -> None:
    """Kill runs at random moments, each in a lake of its own and some of them again; compare what the next run makes of it."""
    create(folder / "campaign", seed=12, institutions=6, people=80)
    deliver(folder / "campaign", MOMENT, folder / "arrived")

    def lake_of(name: str) -> Path:
        return Path(shutil.copytree(folder / "arrived", folder / name / "inbox")).parent

    calm = lake_of("calm")
    status, longest = worker.run(calm)
    assert status == 0
    wanted = state(calm)
    dice, killed = random.Random(20210901), 0
    for number in range(moments):
        lake = lake_of(str(number))
        while True:
            killed += worker.run(lake, dice.uniform(0, longest))[0] == signal.SIGKILL
            if dice.random() > AGAIN:
                break
        assert worker.run(lake)[0] == 0
        assert state(lake) == wanted, f"killed at moment {number}"
        assert [path.name for path in (lake / "lake" / "staging").iterdir()] == []
        if number < moments - 1:
            shutil.rmtree(lake)
    assert killed > moments / 2, "most of the moments must lie within the work"
    ledgers = [digests(work(one, "count"), "count/*.parquet") for one in (calm, folder / str(moments - 1))]
    assert "count/ledger.parquet" in ledgers[0]
    assert ledgers[0] == ledgers[1]


def test_killed_at_a_handful_of_moments(worker: Worker, tmp_path: Path) -> None:
    killed_at(worker, tmp_path, 3)


@pytest.mark.slow
def test_killed_at_a_hundred_moments(worker: Worker, tmp_path: Path) -> None:
    killed_at(worker, tmp_path, 100)
