"""Drivers quote what they choke on. Whatever reaches a person or a log does not."""

import json
import os
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.traceback import Traceback

from pipeline.errors import BadQuery, BadReferenceFile, BadSetting, InputsMissing, SanaqError, StepFailed
from pipeline.lake import Lake
from pipeline.publish import publish_operations
from pipeline.reconcile import reconcile
from pipeline.round import load_reference, load_round
from pipeline.settings import Settings, load_settings
from pipeline.sql import Workbench
from tests.made_build import MadeBuild

SECRET = "Қожахметов 901123300258"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(lake=tmp_path / "lake", threads=1)


@pytest.fixture
def bench(tmp_path: Path, settings: Settings) -> Workbench:
    return Workbench(
        tmp_path / "build",
        "read",
        lake=Lake(settings.lake),
        settings=settings,
        round_=load_round(settings.round),
        reference=load_reference(settings.reference),
        batches=[],
        as_of=datetime(2021, 10, 1, tzinfo=UTC),
    )


def said(error: BaseException) -> str:
    """Everything the common ways of showing an error would show of it."""
    out = StringIO()
    Console(file=out, width=200).print(Traceback.from_exception(type(error), error, error.__traceback__))
    return str(error) + repr(error) + "".join(traceback.format_exception(error)) + out.getvalue()


def require_silence(error: BaseException) -> None:
    for word in SECRET.split():
        assert word not in said(error)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT CAST('{SECRET}' AS INTEGER) AS record_id",
        f"SELECT error('{SECRET}') AS record_id",
        f"SELECT DATE '2021-01-01' + CAST('{SECRET}' AS INTERVAL) AS record_id",
        f"SELECT json_extract_string('{{{SECRET}', '$.a') AS record_id",
        f"SELECT strptime('{SECRET}', '%Y-%m-%d') AS record_id",
    ],
)
def test_a_conversion_in_a_step(bench: Workbench, query: str) -> None:
    table = bench.schemas["household"]
    bench.schemas = {
        **bench.schemas,
        "household": table.model_copy(update={"columns": {"record_id": table.columns["record_id"]}}),
    }
    with pytest.raises(StepFailed) as caught:
        bench.write("household", query)
    require_silence(caught.value)


def test_a_damaged_table_in_the_night_and_in_publication(settings: Settings) -> None:
    lake = Lake(settings.lake)
    build = MadeBuild().write(lake.root, settings)
    (build / "count" / "ledger.parquet").write_text(SECRET, encoding="utf-8")
    for act in (lambda: reconcile(lake, build, settings), lambda: publish_operations(lake, build, settings)):
        with pytest.raises(SanaqError, match="ledger") as caught:
            act()
        require_silence(caught.value)


def test_a_setting_that_cannot_be_used() -> None:
    with pytest.raises(BadSetting) as caught:
        load_settings(threads=SECRET)
    require_silence(caught.value)


def test_a_reference_file_with_a_person_in_it(tmp_path: Path, settings: Settings) -> None:
    for name in ("categories.yaml", "codes.yaml", "questionnaire.yaml"):
        (tmp_path / name).write_text(f"{name}: [{SECRET}\n", encoding="utf-8")
    with pytest.raises(BadReferenceFile) as caught:
        load_reference(tmp_path)
    require_silence(caught.value)


def test_a_manifest_that_is_no_json(settings: Settings) -> None:
    lake = Lake(settings.lake)
    build = MadeBuild().write(lake.root, settings)
    (build / "manifest.json").write_text('{"as_of": ' + SECRET, encoding="utf-8")
    for act in (lambda: reconcile(lake, build, settings), lambda: publish_operations(lake, build, settings)):
        with pytest.raises(InputsMissing) as caught:
            act()
        require_silence(caught.value)


@pytest.mark.parametrize(
    ("body", "route"),
    [
        (f"raise ValueError('{SECRET}')", "status"),
        (f"json.loads('{{\"iin\": {SECRET}')", "status"),
        (f"duckdb.sql(\"SELECT CAST('{SECRET}' AS DATE)\").fetchall()", "status"),
    ],
)
def test_whatever_nobody_foresaw_in_the_command_line(tmp_path: Path, root: Path, body: str, route: str) -> None:
    program = (
        "import sys, json, duckdb\n"
        "from pipeline import cli, night\n"
        f"def opened():\n    secret = {SECRET!r}\n    {body}\n"
        "night.opened = opened\n"
        f"sys.argv = ['sanaq', {route!r}]\n"
        "cli.main()\n"
    )
    environment = {**os.environ, "SANAQ_LAKE": str(tmp_path / "lake")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "withheld" in done.stderr
    for word in SECRET.split():
        assert word not in done.stdout + done.stderr


def test_a_query_that_fails_on_a_value(tmp_path: Path, root: Path, settings: Settings) -> None:
    lake = Lake(settings.lake)
    publish_operations(lake, MadeBuild().write(lake.root, settings), settings)
    sql = "SELECT CAST(name_ru AS DATE) FROM census.institution WHERE name_ru IS NOT NULL"
    environment = {**os.environ, "SANAQ_LAKE": str(lake.root)}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "query", sql],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == BadQuery.exit_code
    assert "Учреждение" not in done.stdout + done.stderr


def test_the_decoder_keeps_the_document_it_could_not_read() -> None:
    """Why such errors are replaced and not passed on: the document hangs on them."""
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{" + SECRET)
    assert SECRET in caught.value.doc
