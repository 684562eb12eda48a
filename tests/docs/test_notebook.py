"""The notebook runs over a release, as a script and cell by cell, and shows what the release holds."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.py"


@pytest.mark.slow
def test_the_notebook_runs_as_a_script_where_the_lake_lies_by_default(published_lake: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lake").symlink_to(published_lake)
    environment = {name: value for name, value in os.environ.items() if name != "SANAQ_LAKE"}
    command = [sys.executable, NOTEBOOK]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.slow
def test_the_notebook_shows_what_the_release_holds(published_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANAQ_LAKE", str(published_lake))
    _, values = runpy.run_path(str(NOTEBOOK))["app"].run()
    path = published_lake / "published" / "current" / "census.duckdb"
    with duckdb.connect(str(path), read_only=True) as con:
        told = "SELECT count(*) FROM census.person WHERE basis = 'usual_here' AND sex IS NOT NULL"
        usual = con.execute(told).fetchall()[0][0]
        name = con.execute("SELECT snapshot_id FROM meta.snapshot").fetchall()[0][0]
    assert values["snapshot"]["snapshot_id"] == name
    drawn = values["pyramid"]
    assert sum(row["usual_men_count"] + row["usual_women_count"] for row in drawn) == usual > 0
    assert values["drawn"](drawn, "usual_men_count", "usual_women_count").count("<rect") == 2 * len(drawn)
