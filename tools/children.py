"""Programs we start and never leave behind: they end with the block, and a killed block's leftovers end with the next one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess  # the programs are Airflow's components and our own portal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType, TracebackType

import psutil

LOCK = "lock"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AlreadyRunning(RuntimeError):
    """Another process of ours works in the same folder."""


class Children:
    """Child processes, each the leader of a session of its own.

    Parameters
    ----------
    folder
        Where logs, the lock and `sessions.json` are kept. One block at a time works in a folder.
    patience
        Seconds the children are given to end by themselves.
    """

    def __init__(self, folder: Path, *, patience: float = 10) -> None:
        self.folder = folder
        self.patience = patience
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        # When each session began, by its number: processes of the session are as old or younger.
        self._begun: dict[str, float] = {}
        self._sessions = folder / "sessions.json"
        self._lock: TextIOWrapper | None = None

    def __enter__(self) -> Children:
        """Take the folder, and end what a killed run left in it.

        Raises
        ------
        AlreadyRunning
            Another process holds the folder.
        """
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        self._lock = (self.folder / LOCK).open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise AlreadyRunning(f"another process is at work in {self.folder}") from None
        if self._sessions.exists():
            with suppress(ValueError):
                self._end(dict(json.loads(self._sessions.read_text(encoding="utf-8"))))
        self._write_sessions()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _undisturbed():
            self._end(self._begun)
            for process in self.processes.values():
                process.wait()
            self.processes.clear()
            self._begun.clear()
            self._write_sessions()
            if self._lock:
                self._lock.close()

    def start(self, name: str, command: list[str], env: dict[str, str]) -> None:
        """Start a program; its output goes to `NAME.log` in the folder."""
        with self.log(name).open("wb") as log, _undisturbed():
            self.processes[name] = subprocess.Popen(  # noqa: S603  # commands are ours
                command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
            self._begun[str(self.processes[name].pid)] = time.time()
            self._write_sessions()

    def clear(self) -> None:
        """Remove everything in the folder but what this block keeps there."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path not in (self._sessions, self.folder / LOCK):
                path.unlink()

    def log(self, name: str) -> Path:
        """Return where the output of a program is."""
        return self.folder / f"{name}.log"

    def ended(self) -> str | None:
        """Return the name of a program that has ended by itself, or None."""
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)

    def _write_sessions(self) -> None:
        self._sessions.write_text(json.dumps(self._begun), encoding="utf-8")

    def _end(self, sessions: dict[str, float]) -> None:
        """Ask every process of the sessions to end, then end it."""
        for process in _members(sessions):
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        _wait_for_none(sessions, self.patience)
        for process in _members(sessions):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        _wait_for_none(sessions, 5)


def _wait_for_none(sessions: dict[str, float], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while _members(sessions) and time.monotonic() < deadline:
        time.sleep(0.1)


def _members(sessions: dict[str, float]) -> list[psutil.Process]:
    """Return the living processes of the sessions: a number that a stranger has got since is told by its age."""
    found = []
    for process in psutil.process_iter(["create_time", "status"]):
        with suppress(OSError, psutil.Error):
            began = sessions.get(str(os.getsid(process.pid)))
            # The clock may have been set by a second meanwhile.
            is_ours = began is not None and process.info["create_time"] >= began - 2
            if is_ours and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no signal interrupt the block; the first that comes meanwhile is delivered after it."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in STOPPING}
    try:
        yield
    finally:
        for stopping, handler in before.items():
            signal.signal(stopping, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def stop_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the program as Ctrl-C does: through every `finally`."""

    def leave(number: int, _: FrameType | None) -> None:
        raise KeyboardInterrupt(f"signal {number}")

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
