"""What the tests of receiving use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.census_db import Server, server
from tests.receive.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    """An empty inbox and an empty lake."""
    return Field(tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of our own; each test makes the database in it anew."""
    with server() as running:
        yield running
