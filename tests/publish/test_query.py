"""A question reads the published tables and nothing else: no file of the machine, and it writes none."""

from __future__ import annotations

import re

import duckdb
import pytest

from pipeline.lake import Lake
from pipeline.publish import publish_operations
from pipeline.settings import Settings
from tests.made_build import MadeBuild
from tests.road.road import Road

SECRET = "850101300123"


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Road:
    made = Road(tmp_path_factory.mktemp("asked"))
    settings = Settings(lake=made.lake.root, threads=1)
    publish_operations(Lake(made.lake.root), MadeBuild().write(made.lake.root, settings), settings)
    (made.folder / "secret.csv").write_text(f"iin\n{SECRET}\n")
    return made


def test_tables_are_read(road: Road) -> None:
    assert road.answer("SELECT count(*) AS n FROM census.institution") == [{"n": 10}]


@pytest.mark.parametrize(
    "sql",
    [
        "FROM '{folder}/secret.csv'",
        "FROM read_csv('{folder}/secret.csv')",
        "FROM read_text('{folder}/secret.csv')",
        "FROM read_blob('{folder}/secret.csv')",
        "FROM glob('{folder}/*')",
        "FROM read_parquet('{folder}/lake/builds/*/*/identity.parquet')",
        "COPY census.institution TO '{folder}/written.csv'",
        "COPY (SELECT 1) TO '{folder}/written.parquet' (FORMAT parquet)",
        "EXPORT DATABASE '{folder}/written'",
        "ATTACH '{folder}/written.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET enable_external_access = true; FROM read_text('{folder}/secret.csv')",
        "CREATE TABLE census.written AS SELECT 1",
        "DELETE FROM census.institution",
    ],
)
def test_files_are_neither_read_nor_written(road: Road, sql: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in road.folder.rglob("*")}
    said = road.sanaq("query", sql.format(folder=road.folder))
    assert (said.code, said.out) == (2, "")
    assert SECRET not in said.err
    assert {path: path.stat().st_mtime_ns for path in road.folder.rglob("*")} == before


def test_who_asks_for_a_file_is_told_how_to_join_one(road: Road) -> None:
    said = road.sanaq("query", f"FROM read_csv('{road.folder}/secret.csv')")
    (way,) = re.findall(r"ATTACH '[^']+' \(READ_ONLY\)", said.err)
    assert "SHOW ALL TABLES" in said.err
    with duckdb.connect() as con:
        con.execute(way.replace(" (", " AS asked ("))
        (found,) = con.execute(f"SELECT count(*) FROM asked.census.institution, '{road.folder}/secret.csv'").fetchall()
    assert found == (10,)
