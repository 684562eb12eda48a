"""The tables of the record rules: what they hold, and that they are the same bytes whatever the order of the input."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.check import records as check
from pipeline.lake import Lake
from pipeline.settings import load_settings
from pipeline.sql import Workbench
from tests.check import field

RECORDS: dict[str, dict[str, Any]] = {
    "a": {},
    "b": {"institution_id": "NOWHERE", "form_version": "0"},
    "c": {"birth_on": "2029-01-01", "religion": 9, "ethnicity": "MARTIAN", "languages_known": ["MARTIAN", "KAZAKH"]},
    "d": {"sex": 1, "children_born_count": 2, "children_alive_count": 3},
    "e": {"institution_id": "CRISIS-1", "usual_address_kato": "47101", "usual_address_text": "үй"},
    "f": {"route": "portal", "staff_id": "stranger", "mistyped": ["sex", "iin"], "unknown_key_count": 2},
}

Checked = Callable[..., Path]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Run the step over records in the order given; return its folder."""

    def run(order: list[str], name: str = "build") -> Path:
        con = field.connect()
        field.add(con, {record_id: RECORDS[record_id] for record_id in order})
        con.execute(
            "INSERT INTO record BY NAME SELECT * REPLACE ('unread' AS record_id, NULL AS answers_sha256, NULL AS case_id) FROM record WHERE record_id = 'a'"
        )
        folder = tmp_path / name / "read"
        folder.mkdir(parents=True)
        for table in field.TABLES:
            con.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")
        settings = load_settings(lake=tmp_path / "lake", threads=2)
        bench = Workbench(
            tmp_path / name,
            "check",
            lake=Lake(settings.lake),
            settings=settings,
            round_=field.facts()[0],
            reference=field.facts()[1],
            batches=[],
            as_of=datetime(2021, 10, 31, tzinfo=UTC),
        )
        check.run(bench)
        bench.close()
        return bench.step_dir

    return run


def rows(path: Path, query: str = "FROM t") -> list[Any]:
    """Return the rows of a Parquet file, called `t`."""
    con = duckdb.connect()
    con.execute(f"CREATE VIEW t AS FROM '{path}'")
    return con.execute(query).fetchall()


def test_one_row_per_readable_record_with_sorted_rules(checked: Checked) -> None:
    folder = checked(["a", "b", "c", "d", "e", "f"])
    fertility = ["children_alive_count", "children_born_count", "children_planned_count", "first_birth_on"]
    assert rows(folder / "record_check.parquet") == [
        ("a", [], [], [], []),
        ("b", ["R-FORM-NOT-APPROVED", "R-UNKNOWN-INSTITUTION"], [], [], ["R-DEVICE-FORM", "R-DEVICE-OTHER-INSTITUTION", "R-STAFF-OTHER-INSTITUTION"]),
        ("c", [], ["R-BIRTH-IN-FUTURE", "R-CODE"], ["birth_on", "ethnicity", "languages_known", "religion"], []),
        ("d", [], ["R-CHILDREN-ALIVE", "R-FERTILITY-OF-MAN"], fertility, []),
        ("e", [], ["R-KATO", "R-SAFE-HOME"], ["usual_address_kato", "usual_address_text"], ["R-DEVICE-OTHER-INSTITUTION", "R-STAFF-OTHER-INSTITUTION"]),
        ("f", [], [], [], ["R-STAFF-UNKNOWN", "R-TYPE", "R-UNKNOWN-KEY"]),
    ]  # fmt: skip


def test_what_is_taken_out_is_kept_aside(checked: Checked) -> None:
    folder = checked(["a", "b", "c", "d", "e", "f"])
    assert rows(folder / "blanked_value.parquet") == [
        ("c", "R-BIRTH-IN-FUTURE", "birth_on", "2029-01-01"),
        ("c", "R-CODE", "ethnicity", "MARTIAN"),
        ("c", "R-CODE", "languages_known", "[MARTIAN, KAZAKH]"),
        ("c", "R-CODE", "religion", "9"),
        ("d", "R-CHILDREN-ALIVE", "children_alive_count", "3"),
        ("d", "R-FERTILITY-OF-MAN", "children_alive_count", "3"),
        ("d", "R-CHILDREN-ALIVE", "children_born_count", "2"),
        ("d", "R-FERTILITY-OF-MAN", "children_born_count", "2"),
        ("e", "R-KATO", "usual_address_kato", None),  # the home of a safe house's resident is kept nowhere
        ("e", "R-SAFE-HOME", "usual_address_kato", None),
        ("e", "R-SAFE-HOME", "usual_address_text", None),
    ]


def test_results_are_counted_by_rule_route_and_category(checked: Checked) -> None:
    path = checked(["a", "b", "c", "d", "e", "f"]) / "rule_result.parquet"
    assert rows(path, "FROM t WHERE failed_count > 0 AND rule_id IN ('R-CODE', 'R-STAFF-UNKNOWN', 'R-UNKNOWN-INSTITUTION')") == [
        ("R-CODE", "blank", "tablet_vpn", "PSY", 1, 3),
        ("R-STAFF-UNKNOWN", "flag", "portal", "PSY", 1, 1),
        ("R-UNKNOWN-INSTITUTION", "reject", "tablet_vpn", "UNKNOWN", 1, 1),
    ]  # fmt: skip
    rules, combinations = rows(path, "SELECT count(DISTINCT rule_id), count(*) FROM t")[0]
    assert combinations == rules * 4  # rules that never failed are rows too
    assert rows(
        path, "SELECT DISTINCT checked FROM (SELECT sum(checked_count) AS checked FROM t GROUP BY rule_id)"
    ) == [(6,)]


def test_the_order_of_the_records_changes_no_byte(checked: Checked) -> None:
    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in checked(order, name).glob("*.parquet")}
        for name, order in (("one", list("abcdef")), ("two", list("fdbeca")))
    ]
    assert set(digests[0]) == {"record_check.parquet", "blanked_value.parquet", "rule_result.parquet"}
    assert digests[0] == digests[1]


def test_an_empty_campaign_gives_empty_tables(checked: Checked) -> None:
    folder = checked([])
    assert [rows(folder / f"{table}.parquet") for table in ("record_check", "blanked_value", "rule_result")] == [
        [],
        [],
        [],
    ]
