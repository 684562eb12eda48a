"""A lake with two batches, and steps that only leave their folder: what is tested here is the order of things, not the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import build
from pipeline.lake import Lake
from pipeline.sql import Workbench

FIRST, SECOND = "2021-10-19T20:00:00+00:00", "2021-10-20T20:00:00+00:00"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("SANAQ_LAKE", str(tmp_path / "lake"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build, "code_version", lambda: "this code")
    lake = Lake(tmp_path / "lake")
    for number, received_at in enumerate((FIRST, SECOND), 1):
        land(lake, f"{number:064x}", received_at)
    return lake


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the steps by ones that say they ran; the list is what ran."""
    ran: list[str] = []

    def run(bench: Workbench) -> None:
        ran.append(bench.step)
        bench.step_dir.mkdir()

    for step in list(build.STEPS):
        monkeypatch.setitem(build.STEPS, step, run)
    return ran


def land(lake: Lake, batch_id: str, received_at: str) -> None:
    folder = lake.landing / "list" / batch_id
    folder.mkdir(parents=True)
    manifest = {"batch_id": batch_id, "route": "list", "received_at": received_at, "files": []}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
