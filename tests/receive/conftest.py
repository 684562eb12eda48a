"""What the tests of receiving use."""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.census_db import Server, server
from tests.receive.field import Field

READS_ALL = 0b110  # the capabilities that put root above modes, CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


@pytest.fixture
def field(tmp_path: Path) -> Field:
    """An empty inbox and an empty lake."""
    return Field(tmp_path)


@contextmanager
def held_to_modes() -> Iterator[None]:
    """Take from root what puts it above modes; nobody else has it."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None)
    header, given, left = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, given) == 0
    left[:] = [given[0] & ~READS_ALL, *given[1:]]
    assert libc.capset(header, left) == 0
    try:
        yield
    finally:
        assert libc.capset(header, given) == 0


@pytest.fixture
def shut() -> Iterator[Callable[[Path, int], None]]:
    """Sets the mode of a file or folder until the test ends; whoever runs it is held to modes so long."""
    modes: dict[Path, int] = {}

    def shut(path: Path, mode: int) -> None:
        modes[path] = path.stat().st_mode
        path.chmod(mode)

    with held_to_modes():
        yield shut
    for path, mode in modes.items():
        path.chmod(mode)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of our own; each test makes the database in it anew."""
    with server() as running:
        yield running
