"""One small campaign for all tests of the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_oracle import SIZE

from sandbox.campaign import create


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign nobody may change."""
    out = tmp_path_factory.mktemp("campaign")
    create(out, **SIZE)
    return out
