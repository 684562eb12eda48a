"""No program is left behind, whatever happens to the one that started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tools.children import AlreadyRunning, Children

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)",
]
LAUNCHER = """
import signal, sys, time
from pathlib import Path
from tools.children import Children, stop_on_signals
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started with Ctrl-C ignored
stop_on_signals()
try:
    with Children(Path(sys.argv[1]), patience=1) as children:
        children.start("one", [sys.executable, "-c", "import time; time.sleep(60)"], {})
        print(children.processes["one"].pid, flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def launch(folder: Path) -> tuple[subprocess.Popen[str], int]:
    root = Path(__file__).resolve().parents[2]
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert launcher.stdout is not None
    return launcher, int(launcher.stdout.readline())


def test_children_end_with_the_block(tmp_path: Path) -> None:
    with Children(tmp_path / "home") as children:
        children.start("one", SLEEP, dict(os.environ))
        pid = children.processes["one"].pid
        assert is_alive(pid)
        assert list(json.loads((tmp_path / "home" / "sessions.json").read_text())) == [str(pid)]
    assert not is_alive(pid)
    assert json.loads((tmp_path / "home" / "sessions.json").read_text()) == {}


def test_a_child_that_will_not_end_is_ended_with_its_own_children(tmp_path: Path) -> None:
    with Children(tmp_path, patience=0.5) as children:
        children.start("stubborn", STUBBORN, dict(os.environ))
        assert until(lambda: children.log("stubborn").read_bytes().strip().isdigit())
        grandchild = int(children.log("stubborn").read_text())
        pid = children.processes["stubborn"].pid
    assert not is_alive(pid)
    assert not is_alive(grandchild)


def test_the_children_of_a_child_that_crashed_are_ended_too(tmp_path: Path) -> None:
    crash = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    with Children(tmp_path) as children:
        children.start("crashed", [sys.executable, "-c", crash], dict(os.environ))
        assert until(lambda: children.ended() == "crashed")
        grandchild = int(children.log("crashed").read_text())
        assert is_alive(grandchild)
    assert not is_alive(grandchild)


def test_a_child_that_ended_by_itself_is_named(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("quick", [sys.executable, "-c", ""], dict(os.environ))
        assert until(lambda: children.ended() == "quick")


def test_one_block_at_a_time(tmp_path: Path) -> None:
    with Children(tmp_path), pytest.raises(AlreadyRunning), Children(tmp_path):
        pass
    with Children(tmp_path):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all(tmp_path: Path, number: signal.Signals) -> None:
    launcher, child = launch(tmp_path)
    launcher.send_signal(number)
    assert launcher.wait(20) == 130
    assert not is_alive(child)


def test_what_a_killed_run_left_is_ended_by_the_next(tmp_path: Path) -> None:
    launcher, child = launch(tmp_path)
    launcher.kill()
    launcher.wait()
    assert is_alive(child)
    with Children(tmp_path, patience=1):
        assert until(lambda: not is_alive(child))


def test_a_stranger_with_the_number_of_an_old_session_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        (tmp_path / "sessions.json").write_text(json.dumps({str(stranger.pid): time.time() + 3600}))
        with Children(tmp_path, patience=0.2):
            assert is_alive(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_clearing_keeps_the_lock(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "old.db").touch()
    with Children(tmp_path) as children:
        children.clear()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "sessions.json"]
        with pytest.raises(AlreadyRunning), Children(tmp_path):
            pass
