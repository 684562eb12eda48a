"""Where builds are published from."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.lake import Lake
from pipeline.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(lake=tmp_path / "lake", threads=1, id_key="a secret")


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish manifests and nothing else: what is asked is which of them stands."""

    def fill(lake: Lake, build_dir: Path, settings: Settings, manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
        name = folder.name.removeprefix(".").removesuffix(".part")
        return {**manifest, "snapshot_id": name, "content_digest": "", "tables": {}}

    monkeypatch.setattr("pipeline.publish.operations._fill", fill)
    monkeypatch.setattr("pipeline.publish.release._fill", fill)
