"""Any two nights can be compared from what is kept of them: counts, rows, columns and the cause."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import NothingToBuild
from pipeline.lake import Lake
from pipeline.publish import publish_operations
from pipeline.publish.difference import difference
from pipeline.settings import Settings
from tests.made_build import AS_OF, MadeBuild


def test_new_batches_are_named_as_cause_and_their_records_counted(
    lake: Lake, build: Path, later: Path, settings: Settings
) -> None:
    first, second = (publish_operations(lake, folder, settings).snapshot_id for folder in (build, later))
    found = difference(lake, first, second)
    assert found["causes"] == [{"cause": "batches", "change": "1 came, 0 are gone"}]
    counts = {(row["table"], row["count"]): row["difference"] for row in found["counts"]}
    assert counts["quality.ledger", "received_count"] == 25
    back = difference(lake, second, first)
    assert back["causes"] == [{"cause": "batches", "change": "0 came, 1 are gone"}]
    assert {row["difference"] for row in back["counts"] if row["count"] == "received_count"} == {-25}


def test_rows_and_columns_of_changed_tables_are_told(lake: Lake, build: Path, later: Path, settings: Settings) -> None:
    first, second = (publish_operations(lake, folder, settings) for folder in (build, later))
    path = first.folder / "parquet" / "quality" / "ledger.parquet"
    with duckdb.connect() as con:  # as an older schema wrote it
        con.execute(
            f"CREATE TABLE old AS SELECT * EXCLUDE route REPLACE (received_count::SMALLINT AS received_count) FROM '{path}'"
        )
        con.execute(f"COPY old TO '{path}' (FORMAT parquet)")
    (ledger,) = [
        row for row in difference(lake, first.snapshot_id, "current")["tables"] if row["table"] == "quality.ledger"
    ]
    assert (ledger["before"], ledger["now"]) == (
        first.row_counts["quality.ledger"],
        second.row_counts["quality.ledger"],
    )
    assert ledger["columns_added"] == ["route"]
    assert ledger["types_changed"] == ["received_count: int16 to int64"]


def test_other_code_over_the_same_inputs_is_the_cause(lake: Lake, build: Path, settings: Settings) -> None:
    first = publish_operations(lake, build, settings)
    other = MadeBuild(as_of=AS_OF + timedelta(hours=1), code="other").write(lake.root, settings)
    second = publish_operations(lake, other, settings)
    found = difference(lake, first.snapshot_id, second.snapshot_id)
    assert found["causes"] == [{"cause": "code", "change": "differ"}]
    assert found["counts"] == []
    assert [row["table"] for row in found["tables"]] == ["meta.snapshot"]


def test_the_command_tells_the_same_to_people_and_programs(
    lake: Lake, build: Path, later: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANAQ_LAKE", str(lake.root))
    first = publish_operations(lake, build, settings).snapshot_id
    publish_operations(lake, later, settings)
    said = CliRunner().invoke(app, ["diff", first])
    assert said.exit_code == 0, said.output
    assert "1 came, 0 are gone" in said.output
    told = json.loads(CliRunner().invoke(app, ["diff", first, "--json"]).output)
    assert told == difference(lake, first, "current") == difference(lake, "previous", "current")


def test_a_night_that_is_not_kept_is_said_so(lake: Lake, build: Path, settings: Settings) -> None:
    kept = publish_operations(lake, build, settings).snapshot_id
    with pytest.raises(NothingToBuild, match=f"that lie there: {kept}\\."):
        difference(lake, "20200101T000000Z-000000000000", "current")
