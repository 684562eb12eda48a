"""A lake to publish into, and a build to publish."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.lake import Lake
from pipeline.settings import Settings, load_settings
from tests.made_build import AS_OF, MadeBuild


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(lake=tmp_path / "lake", threads=2, id_key="a secret")


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings.lake)


@pytest.fixture
def build(lake: Lake, settings: Settings) -> Path:
    return MadeBuild().write(lake.root, settings)


@pytest.fixture
def earlier(lake: Lake, settings: Settings) -> Path:
    return MadeBuild(as_of=AS_OF - timedelta(days=1)).write(lake.root, settings)


@pytest.fixture
def later(lake: Lake, settings: Settings) -> Path:
    return MadeBuild(as_of=AS_OF + timedelta(days=1), later_persons=25).write(lake.root, settings)
