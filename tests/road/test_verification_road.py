"""Verification files walk the whole road: figures from good ones; a bad one leaves a message, no figure, and the counts as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.road.conftest import Played
from tests.road.road import Road, digests, imbalances, rows

LATER = "2021-12-10T09:00:00+05:00"  # of the same day as the night: the forecast is the same
COUNTS = ("person", "person_record", "record_state", "list_match", "forwarded", "expected", "ledger", "age_sex")


def by_kind(build: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the sources of a build by their kind."""
    found = rows(build, "verification")
    return {
        kind: [row for row in found if row["source_kind"] == kind] for kind in {row["source_kind"] for row in found}
    }


def counts(build: Path) -> dict[str, str]:
    """Return the hash of every table that says who is counted where."""
    return {
        name: digest
        for name, digest in digests(build).items()
        if Path(name).stem in COUNTS or (Path(name).stem.startswith("coverage_") and "estimate" not in name)
    }


def test_the_files_of_the_field_are_used_and_everybody_in_them_has_an_outcome(played: Played) -> None:
    sources = by_kind(played.builds[2])
    assert set(sources) == {"CONTROL_WALK", "SECOND_SOURCE", "REINTERVIEW", "HOME_RETURNS"}
    assert {row["status"] for found in sources.values() for row in found} == {"USED", "NOT_INDEPENDENT"}
    assert {row["status"] for found in by_kind(played.builds[1]).values() for row in found} == {"MISSING"}
    for row in sources["CONTROL_WALK"] + sources["SECOND_SOURCE"]:
        named = ("counted_here_count", "counted_away_count", "not_counted_count", "not_found_count")
        assert row["person_count"] == sum(row[name] for name in named) > 0
        assert row["counted_here_count"] > 0.8 * row["person_count"]
    assert sum(row["usual_count"] for row in sources["HOME_RETURNS"]) <= 1
    assert rows(played.builds[2], "content_error")
    assert not imbalances(played.builds[2])


def test_the_interval_of_the_estimate_holds_the_people_there_truly_were(played: Played) -> None:
    (total,) = [
        row
        for row in rows(played.builds[2], "coverage_estimate")
        if (row["standing"], row["stratum_id"]) == ("ESTIMATE", "TOTAL")
    ]
    sites = [row["institution_id"] for row in by_kind(played.builds[2])["SECOND_SOURCE"] if row["status"] == "USED"]
    with duckdb.connect() as con:
        truth = con.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE list_contains(?, present_institution_id)",
            [str(played.campaign / "truth" / "persons.parquet"), sites],
        ).fetchall()[0][0]
    assert total["counted_count"] < truth
    assert total["low_count"] <= truth <= total["high_count"]


@pytest.fixture
def spoiled(played: Played, copy_of: Callable[..., Road], tmp_path: Path) -> tuple[Road, Path]:
    """A lake, and its build, that received bad verification files besides: one stale, one that lost a row, one torn."""
    road = copy_of(with_builds=True)
    road.settings["inbox"].mkdir(exist_ok=True)
    folder = road.settings["inbox"] / "verification"
    folder.mkdir()
    sent = played.campaign / "field" / "verification"
    books = openpyxl.load_workbook(sent / "istochniki.xlsx")
    books["source"]["D2"] = "2020-08-31"
    for row in books["person"].iter_rows(min_row=2):
        if row[0].value == books["source"]["A3"].value:
            books["person"].delete_rows(row[0].row)
            break
    books.save(folder / "again.xlsx")
    (folder / "torn.xlsx").write_bytes((sent / "obhod.xlsx").read_bytes()[:3000])
    road.do("receive", "verification", "--now", LATER)
    return road, road.build()


@pytest.mark.slow
def test_a_bad_file_leaves_a_message_no_figure_and_the_counts_as_they_were(
    played: Played, spoiled: tuple[Road, Path]
) -> None:
    road, build = spoiled
    before = by_kind(played.builds[2])
    after = by_kind(build)
    assert sorted(row["status"] for row in after["SECOND_SOURCE"])[:2] == ["INCOMPLETE", "STALE"]
    assert {row["person_count"] for row in after["SECOND_SOURCE"] if row["status"] in ("INCOMPLETE", "STALE")} == {None}
    assert len(after["SECOND_SOURCE"]) == len(before["SECOND_SOURCE"])
    assert after["CONTROL_WALK"] == before["CONTROL_WALK"]
    told = {row["kind"]: row for row in rows(build, "discrepancy") if row["kind"].startswith("VERIFICATION")}
    assert set(told) == {"VERIFICATION_HELD", "VERIFICATION_INCOMPLETE", "VERIFICATION_STALE"}
    assert "counts do not depend on it" in told["VERIFICATION_STALE"]["message_en"]
    assert counts(build) == counts(played.builds[2])
    assert not imbalances(build)
    (torn,) = [
        row for row in road.do("quarantine", "list", "--route", "verification") if row["reason"] == "NOT_A_SPREADSHEET"
    ]
    (settled,) = road.do("quarantine", "discard", torn["record_id"], "--by", "DEP-01", "--why", "came whole before")
    assert (torn["is_releasable"], settled["standing"]) == (False, "settled")
