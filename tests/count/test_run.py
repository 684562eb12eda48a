"""The whole step: the same bytes whatever the threads, and everything declared is made."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.count import make_sign_off, run
from pipeline.errors import BadDecision
from pipeline.lake import append_line
from tests.count.field import TABLES, Field


def made(folder: Path, threads: int) -> dict[str, str]:
    field = Field(folder, threads=threads)
    field.add("batch", batch_id="b", route="portal", received_at="2021-10-05 10:00", record_count=0, declared_count=0)
    for number, category in enumerate(("ORPH", "INPAT", "BOARD_GIFT", "SOCSERV", "CRISIS")):
        site = f"I{number}"
        field.institution(site, category, kato=f"47{number + 1}000000")
        field.listed(7 + number, site)
        field.people(5 + number, usual=site, present=site, mode=("tablet", "web_self")[number % 2])
        field.outcomes(["NOT_FOUND"] * number + ["COUNTED"], site)
        states = ["counted", "duplicate", "quarantined", "repeated"]
        field.records(
            states, site, mode="tablet", started_at="2021-10-03 10:00", completed_at=f"2021-10-03 1{number}:00"
        )
    for row in field.rows("SELECT survivor_record_id AS record_id FROM person"):
        field.add("answers", record_id=row["record_id"], ethnicity="KAZAKH")
    field.con.execute("UPDATE batch SET record_count = n, slot_count = n FROM (SELECT count(*) AS n FROM record)")
    run(field)
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return made(tmp_path_factory.mktemp("once"), threads=1)


def test_every_table_declared_is_made(once: dict[str, str]) -> None:
    assert set(once) == {name for name, table in TABLES.items() if table.step == "count"}


def test_the_same_bytes_whatever_the_threads(once: dict[str, str], tmp_path: Path) -> None:
    assert made(tmp_path, threads=4) == once


def test_a_line_that_is_no_signature_is_named(tmp_path: Path) -> None:
    field = Field(tmp_path)
    append_line(field.lake.decisions / "sign_off.jsonl", {"institution_id": "A", "decided_at": "2021-10-19T00:00:00Z"})
    with pytest.raises(BadDecision, match="lacks act, present_count, usual_count"):
        make_sign_off(field)
