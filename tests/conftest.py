"""What every test may use, and what all tests of a process make once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import duckdb
import pytest

from pipeline import identifiers
from pipeline.count import kinds
from pipeline.lake import Lake
from pipeline.round import Reference, Round, register
from pipeline.schema import Table
from pipeline.settings import Settings
from pipeline.sql import Workbench, quoted
from tests.made_build import AS_OF, MadeBuild


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return Path(__file__).resolve().parent.parent


def pytest_collection_finish() -> None:
    """What collecting made stays to the end: nobody need look for garbage among it."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let go of it: what is never collected, DuckDB calls leaked."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Rules and facts are made once and copied into every workbench, and a query is held against its schema once.

    A night makes them for each step in a process of its own; here more than a thousand workbenches are opened over the same facts.
    """
    folder = tmp_path_factory.mktemp("facts")
    made: list[tuple[Round, Reference, Path]] = []
    held: set[tuple[str, str]] = set()
    check_columns, load_kinds = Workbench._check_columns, kinds.load_kinds

    def copy_facts(bench: Workbench) -> None:
        path = next((path for *facts, path in made if facts == [bench.round, bench.reference]), None)
        if path is None:
            path = folder / f"{len(made)}.duckdb"
            with duckdb.connect(path) as con:
                identifiers.register(con)
                register(con, bench.round, bench.reference)
            made.append((bench.round, bench.reference, path))
        bench.con.execute(f"ATTACH {quoted(str(path))} AS facts (READ_ONLY)")
        bench.con.execute("COPY FROM DATABASE facts TO memory")
        bench.con.execute("DETACH facts")

    @cache
    def kinds_of(path: Path, _: int) -> kinds.Catalogue:
        return load_kinds(path)

    def check_once(bench: Workbench, schema: Table, body: str) -> None:
        if (schema.table, body) not in held:
            check_columns(bench, schema, body)
            held.add((schema.table, body))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workbench, "_register_facts", copy_facts)
        patch.setattr(Workbench, "_check_columns", check_once)
        patch.setattr(kinds, "load_kinds", lambda path: kinds_of(path, path.stat().st_mtime_ns if path.exists() else 0))
        yield


# A lake and builds of three nights, made by hand, for whoever has `settings`.


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
