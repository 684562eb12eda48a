"""Runs that are killed at random moments, and what the next run makes of what they left.

They are forks of one process that has everything imported, so that a moment is one of the work and none of starting Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.receive.field import Field

MANY = 10
AGAIN = 0.3  # the chance that the run after a kill is killed, too
FORKS = """
import json, os, sys
from importlib import import_module
from pathlib import Path

work = import_module(sys.argv[1]).work
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        asked = json.loads(line)
        work(Path(asked.pop("folder")), **asked)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Worker:
    """Runs `work` of a test module in a process that can be killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, folder: Path, seconds: float | None = None, **asked: object) -> tuple[int, float]:
        """Run, and kill after some seconds; return the exit status and how long it took."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps({"folder": str(folder), **asked}), file=self._process.stdin, flush=True)
        child, began = int(self._process.stdout.readline()), time.perf_counter()
        if seconds is not None:
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it had ended
                os.kill(child, signal.SIGKILL)
        status = int(self._process.stdout.readline())
        return status, time.perf_counter() - began


@contextlib.contextmanager
def forking(root: Path, module: str) -> Iterator[Worker]:
    """Keep a process that has a test module imported over the block."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKS, module],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Worker(process)
        assert process.stdin
        process.stdin.close()


def received(field: Field) -> dict[str, str]:
    """Return what has landed: every file with its hash, and the receipts."""
    landed = {str(row["batch_id"]): str(row["received_at"]) for row in field.receipts() if row["outcome"] == "landed"}
    return field.landing() | landed


def survived(
    worker: Worker,
    lake_of: Callable[[str], Path],
    state: Callable[[Path], dict[str, str]],
    moments: int,
    **asked: object,
) -> tuple[Path, Path]:
    """Kill runs at random moments, each in a lake of its own and some of them again; hold what the next run makes of it against an undisturbed one.

    Returns
    -------
    tuple[Path, Path]
        The undisturbed lake, and the last one.
    """
    calm = last = lake_of("calm")
    status, longest = worker.run(calm, **asked)
    assert status == 0
    wanted = state(calm)
    dice, killed = random.Random(20210901), 0
    for number in range(moments):
        last = lake_of(str(number))
        while True:
            killed += worker.run(last, dice.uniform(0, longest), **asked)[0] == signal.SIGKILL
            if dice.random() > AGAIN:
                break
        assert worker.run(last, **asked)[0] == 0
        assert state(last) == wanted, f"killed at moment {number}"
        assert [path.name for path in (last / "lake" / "staging").iterdir()] == []
        if number < moments - 1:
            shutil.rmtree(last)
    # the first run, by which moments are drawn, is the slowest: of a few, some may lie behind the end of a later one
    assert killed > (moments / 2 if moments >= MANY else 0), "most of the moments must lie within the work"
    return calm, last
