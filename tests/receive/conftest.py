"""What the tests of receiving use."""

from pathlib import Path

import pytest

from tests.receive.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    """An empty inbox and an empty lake."""
    return Field(tmp_path)
