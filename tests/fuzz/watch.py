"""Runs work in a process of its own, and kills it when it hangs or takes too much memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MORE_MEMORY = 512 * 1024**2  # above what the process has when all is imported
READY = "ready"


@dataclass(frozen=True)
class Watched:
    """How a process ended.

    Attributes
    ----------
    ended
        Why it came to no good end, or None.
    memory
        The most it took above rest, bytes.
    """

    out: str
    err: str
    ended: str | None
    memory: int
    core_seconds: float


def ready() -> None:
    """Say, in the process that is watched, that everything is imported: what it takes counts from here."""
    Path("/proc/self/clear_refs").write_text("5")  # the highest memory so far is forgotten
    print(READY, flush=True)


def watched(*command: str, core_seconds: float, memory: int = MORE_MEMORY) -> Watched:
    """Run `python -m COMMAND` and watch it from when it is ready."""
    with tempfile.TemporaryFile("w+", errors="replace") as errors:  # a pipe nobody empties would stop the process
        started = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=errors, text=True)
        ended, most, used = _watch(started, core_seconds, memory)
        if ended:
            started.kill()
        out, _ = started.communicate()
        errors.seek(0)
        err = errors.read()
    if not ended and started.returncode:
        died_of = signal.Signals(-started.returncode).name if started.returncode < 0 else started.returncode
        ended = f"died of {died_of}"
    return Watched(out, err, ended, most, used)


def _watch(started: subprocess.Popen[str], core_seconds: float, memory: int) -> tuple[str | None, int, float]:
    """Wait until a process ends or has to be ended; return why it has to, the most memory above rest, and the work done."""
    assert started.stdout
    if started.stdout.readline() != f"{READY}\n":
        return None, 0, 0.0
    rest = most = _memory(started.pid)
    before = now = _core_seconds(started.pid)
    while started.poll() is None:
        time.sleep(0.02)
        try:
            most, now = max(most, _memory(started.pid)), _core_seconds(started.pid)
        except (OSError, IndexError):  # it has just ended
            break
        if most - rest > memory:
            return f"more than {memory >> 20} MiB above rest", most - rest, now - before
        if now - before > core_seconds:
            return f"a hang: {core_seconds:.0f} core-seconds", most - rest, now - before
    return None, most - rest, now - before


def _memory(pid: int) -> int:
    """Return the most a process has had in memory, bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _core_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
