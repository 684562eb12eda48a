"""Where the builds of the night are reconciled."""

from pathlib import Path

import pytest

from pipeline.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(lake=tmp_path / "lake", threads=1)
