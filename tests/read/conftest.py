"""What the tests of reading use."""

from pathlib import Path

import pytest

from tests.read.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty inbox and an empty lake, read with two threads."""
    return Desk(tmp_path, threads=2, memory_limit="1GB")
