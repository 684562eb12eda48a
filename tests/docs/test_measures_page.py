"""docs/measures.md names columns that are there, and every rate of coverage."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pipeline.publish.catalogue import entries
from pipeline.round import load_round
from pipeline.schema import load_tables
from pipeline.settings import PROJECT

TABLES = load_tables(PROJECT / "data" / "reference" / "questionnaire.yaml")
PUBLISHED = {entry.full_name: set(entry.table.columns) for entry in entries(TABLES, "operations")}
COVERAGE = ("institution", "category", "district", "region")
NAME = re.compile(r"`([a-z*_.]+)`")
LIKE_A_COLUMN = re.compile(r"`((?:[a-z_]+\.)?[a-z][a-z_]*_(?:count|rate|at|on|ids?|kato|days|hours))`")


@pytest.fixture(scope="module")
def page() -> str:
    """The page as far as it is written by hand."""
    return (PROJECT / "docs" / "measures.md").read_text(encoding="utf-8").split("<!-- from here on made")[0]


def columns_of(heading: str) -> set[str]:
    """Columns of the tables a heading names: `coverage.institution`, `.category`."""
    named = [f"coverage{name}" if name.startswith(".") else name for name in NAME.findall(heading)]
    return set().union(*(PUBLISHED[name] for name in named))


def cells(page: str) -> Iterator[tuple[str, str]]:
    """Yield the heading above and the text of every cell below a header `column`."""
    heading, is_under = "", False
    for line in page.splitlines():
        if line.startswith("#"):
            heading = line
        row = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
        is_under = bool(row) and (is_under or row[-1] == "column")
        if is_under and not set(line) <= set("|-") and row[-1] != "column":
            yield heading, row[-1]


def test_every_column_a_measure_is_said_to_stand_in_is_a_column_of_its_table(page: str) -> None:
    wrong = []
    for heading, cell in cells(page):
        for name in NAME.findall(cell):
            if name in PUBLISHED:
                continue
            is_shared = name.startswith("coverage.*.")
            tables = [PUBLISHED[f"coverage.{table}"] for table in COVERAGE] if is_shared else [columns_of(heading)]
            wrong += [name for columns in tables if name.removeprefix("coverage.*.") not in columns]
    assert wrong == []


def test_whatever_is_named_like_a_column_is_one_or_a_threshold_of_the_round(page: str) -> None:
    known = set().union(
        *PUBLISHED.values(), load_round(PROJECT / "data" / "rounds" / "kz-2021-mangystau.yaml").thresholds
    )
    lake = {f"{name}.{column}" for name, table in TABLES.items() for column in table.columns}
    assert [name for name in LIKE_A_COLUMN.findall(page) if name not in known | lake] == []


def test_every_rate_of_coverage_is_named(page: str) -> None:
    rates = {column for name, columns in PUBLISHED.items() if name.startswith("coverage.") for column in columns}
    named = set(NAME.findall(page))
    assert sorted(rate for rate in rates if rate.endswith("_rate") and rate not in named) == []
