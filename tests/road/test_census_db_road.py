"""Portal and VPN cases come a second time out of the Census Database: nobody is counted twice, and what never got there is told."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.census_db import running
from sandbox.evaluate import ALL, evaluate
from tests.road.conftest import Played
from tests.road.road import NIGHTS, ROUTES, Road, imbalances, rows

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def with_database(road: Road) -> Path:
    """The last night's build of a field whose Census Database was pulled as well, and lost two cases before the sweep."""
    assert road.campaign is not None
    with running(road.campaign) as server:
        road.settings |= {"census_db_url": server.url, "census_db_password": server.password}
        for until in NIGHTS[1:]:
            road.receive(until, *ROUTES, "census_db")
        with server.owner() as db:
            db.execute(
                "DELETE FROM sanaq.submission WHERE case_id IN (SELECT case_id FROM sanaq.submission GROUP BY 1 ORDER BY 1 LIMIT 2)"
            )
        road.do("receive", "census_db", "--sweep", "--now", NIGHTS[-1])
    folder = road.build()
    road.do("reconcile")
    return folder


def test_a_case_by_two_routes_is_one_and_one_not_found_in_three_days_is_a_gap(
    with_database: Path, played: Played, road: Road
) -> None:
    state = {row["record_id"]: row["state"] for row in rows(with_database, "record_state")}
    records = rows(with_database, "record")
    contents = defaultdict(list)
    for row in records:
        if row["answers_sha256"]:
            contents[row["case_id"], row["answers_sha256"]].append((row["route"], state[row["record_id"]]))
    by_both = [came for came in contents.values() if len({route == "census_db" for route, _ in came}) == 2]
    assert len(by_both) > 100
    assert all(sum(became != "repeated" for _, became in came) == 1 for came in by_both)
    assert imbalances(with_database) == []

    judged = evaluate(with_database, played.campaign / "truth")
    without = evaluate(played.builds[-1], played.campaign / "truth")
    assert (judged.lost_records, judged.unknown_records) == (without.lost_records, without.unknown_records) == (0, 0)
    assert judged.usual[ALL].errors <= without.usual[ALL].errors
    assert judged.present[ALL].errors <= without.present[ALL].errors

    assert gaps(with_database) == missing(records)
    assert sum(gaps(with_database).values()) > 0
    listed = road.do("missing")
    lost = [row for row in listed if row["route"] == "census_db"]
    never = [row for row in listed if row["route"] != "census_db"]
    [matter] = [row for row in rows(with_database, "discrepancy") if row["kind"] == "CENSUS_DB_GONE"]
    assert len(lost) == matter["person_count"] == 2
    assert {row["record_id"] for row in lost} == {row["record_id"] for row in rows(with_database, "census_db_gone")}
    assert Counter(row["route"] for row in never) == {route: gap for route, gap in gaps(with_database).items() if gap}
    case_of = {row["record_id"]: row["case_id"] for row in records}
    assert all(row["case_id"] in (None, case_of[row["record_id"]]) for row in listed)
    assert all(row["age_hours"] >= 72 for row in never)
    assert {row["case_id"] is None for row in listed if row["institution_id"] == "S3"} <= {True}
    assert gaps(played.builds[-1]) == {}
    assert "CENSUS_DB_NOT_SEEN" in unknown(played.road)
    assert "CENSUS_DB_NOT_SEEN" not in unknown(road)
    totals = [row for row in rows(with_database, "control_total") if row["subject_id"] == "census_db"]
    assert {row["control_code"] for row in totals} == {"PORTAL_TOTAL", "CENSUS_DAY"}
    went = len(rows(with_database, "census_db_sweep"))  # what went from there had come
    for code in ("PORTAL_TOTAL", "CENSUS_DAY"):
        assert sum(row["gap_count"] for row in totals if row["control_code"] == code) == -went


def gaps(build: Path) -> dict[str, int]:
    """Cases not found, by route."""
    return {r["subject_id"]: r["gap_count"] for r in rows(build, "control_total") if r["control_code"] == "CENSUS_DB"}


def missing(records: list[dict[str, object]]) -> dict[str, int]:
    """The same, counted one by one."""
    due = datetime.fromisoformat(NIGHTS[-1]).astimezone(UTC).replace(tzinfo=None) - timedelta(hours=72)
    there = {row["case_id"] for row in records if row["route"] == "census_db"}
    looked_for = {
        (str(row["route"]), row["case_id"])
        for row in records
        if row["route"] != "census_db"
        and row["case_id"]
        and row["case_status"] != "draft"
        and row["received_at"] <= due  # type: ignore[operator]
    }
    found = Counter(route for route, case_id in looked_for if case_id not in there)
    return {route: found[route] for route, _ in looked_for}


def unknown(road: Road) -> set[str]:
    """What the page of the newest night says is not known."""
    newest = max(road.lake.builds.glob("*/reconcile/reconciliation.json"), key=lambda path: path.stat().st_mtime)
    return {row["topic"] for row in json.loads(newest.read_text())["unknown"]}
