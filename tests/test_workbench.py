"""How a step makes its tables: side by side, and each held against its schema."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import BadSchema
from pipeline.lake import Lake
from pipeline.settings import load_settings
from pipeline.sql import Workbench

WAIT = 60  # seconds; reached only where something is wrong


def a_bench(folder: Path, threads: int = 2) -> Workbench:
    settings = load_settings(lake=folder / "lake", threads=threads)
    as_of = datetime(2021, 12, 20, tzinfo=UTC)
    return Workbench.over(folder / "build", "resolve", Lake(settings.lake), settings, as_of)


@pytest.mark.parametrize(("threads", "at_once"), [(1, 1), (2, 2), (5, 2)])
def test_no_more_is_done_at_once_than_there_are_threads(tmp_path: Path, threads: int, at_once: int) -> None:
    met, busy, most = threading.Barrier(at_once), [], []

    def act(_: Workbench, name: str) -> None:
        busy.append(name)
        met.wait(WAIT)
        most.append(len(busy))
        met.wait(WAIT)
        busy.remove(name)

    a_bench(tmp_path, threads).side_by_side(act, "abcd")
    assert max(most) == at_once


def test_what_is_made_side_by_side_is_there_for_all(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    bench.side_by_side(
        lambda beside, name: beside.con.execute(f"CREATE TABLE {name} AS SELECT '{name}' AS name"), "abc"
    )
    assert [bench.value(f"SELECT name FROM {name}") for name in "abc"] == ["a", "b", "c"]


def test_of_what_fails_the_first_in_order_is_told(tmp_path: Path) -> None:
    later = threading.Event()

    def act(_: Workbench, name: str) -> None:
        if name == "a":
            later.wait(WAIT)
        later.set()
        raise ValueError(name)

    with pytest.raises(ValueError, match="a"):
        a_bench(tmp_path).side_by_side(act, "ab")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("VALUES ('a'), ('b'), ('a'), ('a')", "2 rows repeat a key (record_id)"),
        ("VALUES ('a'), (NULL)", "NULL in record_id"),
    ],
)
def test_a_table_whose_key_does_not_hold_is_refused(tmp_path: Path, rows: str, problem: str) -> None:
    with pytest.raises(BadSchema, match=re.escape(problem)):
        a_bench(tmp_path).write("own_account", f"SELECT * FROM ({rows}) AS told (record_id)")


def test_a_query_that_has_not_the_columns_of_its_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSchema, match=re.escape("missing ['record_id'], unexpected ['id']")):
        a_bench(tmp_path).write("own_account", "SELECT 'a' AS id")
