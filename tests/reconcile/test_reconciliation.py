"""A night: it balances or says where it does not, and what changed adds up."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.errors import LedgerUnbalanced
from pipeline.lake import Lake, append_line
from pipeline.publish import current_build, publish_operations
from pipeline.reconcile import Reconciliation, reconcile
from pipeline.settings import Settings
from tests.made_build import AS_OF, BATCH, MadeBuild


def change(path: Path, query: str) -> None:
    """Rewrite one table of a build; `query` reads it as `made`."""
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE made AS FROM '{path}'")
        con.execute(f"CREATE TABLE changed AS {query}")
        con.execute(f"COPY changed TO '{path}' (FORMAT parquet)")


def groups(result: Reconciliation) -> dict[str, dict[str, Any]]:
    return {row["page_group"]: row for row in result.figures["change"]["groups"]}


def test_a_first_night_balances_and_has_nothing_to_compare_with(lake: Lake, build: Path, settings: Settings) -> None:
    result = reconcile(lake, build, settings)
    assert result.is_balanced
    assert result.figures["change"]["status"] == "first"
    assert result.summary()["received"] == 476
    assert json.loads((build / "reconcile" / "reconciliation.json").read_text())["is_balanced"] is True


def test_new_persons_are_new(lake: Lake, build: Path, later: Path, settings: Settings) -> None:
    result = reconcile(lake, later, settings, build)
    assert sum(row["new_count"] for row in groups(result).values()) == 25
    assert result.figures["change"]["persons"] == [{"kind": "NEW", "cause": "new_input", "person_count": 25}]
    assert duckdb.sql(f"SELECT count(*) FROM '{later}/reconcile/person_change.parquet'").fetchall() == [(25,)]
    assert result.figures["change"]["transitions"] == [
        {"from_state": "new", "to_state": "counted", "cause": "new_input", "record_count": 25}
    ]


@pytest.mark.parametrize(
    ("table", "query"),
    [
        ("ledger", "SELECT * REPLACE (counted_count + 1 AS counted_count) FROM made"),
        ("record_state", "SELECT * FROM made WHERE record_id <> (SELECT min(record_id) FROM made)"),
        ("record", "SELECT * FROM made WHERE record_id <> (SELECT min(record_id) FROM made)"),
        ("batch", "SELECT * FROM made WHERE route <> 'tablet_vpn'"),
        ("intake", "SELECT * REPLACE (received_count + 1 AS received_count) FROM made"),
    ],
)
def test_whatever_is_lost_is_found(lake: Lake, build: Path, settings: Settings, table: str, query: str) -> None:
    change(next(build.glob(f"*/{table}.parquet")), query)
    with pytest.raises(LedgerUnbalanced, match="do not balance"):
        reconcile(lake, build, settings)
    page = (build / "reconcile" / "index.html").read_text(encoding="utf-8")
    assert "НЕ СХОДИТСЯ" in page
    assert "NOT BALANCED" in page


def test_records_of_last_night_must_still_be_there(lake: Lake, build: Path, settings: Settings) -> None:
    fewer = MadeBuild(as_of=AS_OF + timedelta(hours=1), persons_per_site=0.5).write(lake.root, settings)
    with pytest.raises(LedgerUnbalanced, match="RECORDS_GONE"):
        reconcile(lake, fewer, settings, build)


def test_a_bundle_believed_no_more_may_be_fewer_records(lake: Lake, build: Path, settings: Settings) -> None:
    fewer = MadeBuild(as_of=AS_OF + timedelta(hours=1), persons_per_site=0.5).write(lake.root, settings)
    change(
        fewer / "read" / "batch.parquet",
        f"SELECT * REPLACE (CASE batch_id WHEN '{BATCH}' THEN 'KEY_REVOKED' END AS seal_fault) FROM made",
    )
    transitions = reconcile(lake, fewer, settings, build).figures["change"]["transitions"]
    assert {(row["to_state"], row["cause"]) for row in transitions} >= {("gone", "seal")}


def fewer_by_another_crosswalk(lake: Lake, settings: Settings, file: str) -> Path:
    """Write a night that has fewer records of the batch, in which such a file had landed, and other crosswalks."""
    landed = lake.landing / "tablet_vpn" / BATCH
    landed.mkdir(parents=True)
    said = {"batch_id": BATCH, "route": "tablet_vpn", "received_at": AS_OF.isoformat(), "files": [{"path": file}]}
    (landed / "manifest.json").write_text(json.dumps(said))
    fewer = MadeBuild(as_of=AS_OF + timedelta(hours=1), persons_per_site=0.5).write(lake.root, settings)
    manifest = json.loads((fewer / "manifest.json").read_text())
    manifest["inputs"]["crosswalks"] = "mended"
    (fewer / "manifest.json").write_text(json.dumps(manifest))
    return fewer


def test_another_crosswalk_makes_no_fewer_records_of_our_own_lines(lake: Lake, build: Path, settings: Settings) -> None:
    fewer = fewer_by_another_crosswalk(lake, settings, "submissions.ndjson")
    with pytest.raises(LedgerUnbalanced, match="RECORDS_GONE"):
        reconcile(lake, fewer, settings, build)


def test_another_crosswalk_may_make_fewer_records(lake: Lake, build: Path, settings: Settings) -> None:
    fewer = fewer_by_another_crosswalk(lake, settings, "answers.csv")
    result = reconcile(lake, fewer, settings, build)
    assert ("gone", "code_or_reference") in {
        (row["to_state"], row["cause"]) for row in result.figures["change"]["transitions"]
    }


def test_a_merged_person_is_a_duplicate(lake: Lake, build: Path, later: Path, settings: Settings) -> None:
    gone, kept = _merge_two_persons(later)
    result = reconcile(lake, later, settings, build)
    assert gone != kept
    assert sum(row["duplicate_count"] for row in groups(result).values()) == -1
    assert {"kind": "MERGED", "cause": "new_input", "person_count": 1} in result.figures["change"]["persons"]
    assert {
        "from_state": "counted",
        "to_state": "duplicate",
        "cause": "new_input",
        "record_count": 1,
    } in result.figures["change"]["transitions"]


def test_a_person_of_another_group_has_moved(lake: Lake, build: Path, later: Path, settings: Settings) -> None:
    moved = "person_id = (SELECT min(person_id) FROM made WHERE usual_institution_id = 'MNG-0004')"
    places = ", ".join(
        f"CASE WHEN {moved} THEN 'MNG-0007' ELSE {name} END AS {name}"
        for name in ("usual_institution_id", "present_institution_id")
    )
    change(later / "resolve" / "person.parquet", f"SELECT * REPLACE ({places}) FROM made")
    found = groups(reconcile(lake, later, settings, build))
    assert found["CHILDREN_WITHOUT_CARE"]["moved_count"] == -1
    assert found["SOCIAL_AND_HEALTH"]["moved_count"] == 1


def test_the_cause_of_a_change_is_named(lake: Lake, settings: Settings) -> None:
    before = MadeBuild().write(lake.root, settings)
    after = MadeBuild(as_of=AS_OF + timedelta(days=1), code="changed").write(lake.root, settings)
    held = f"{BATCH[:16]}-0900000"
    release = f"record_id = '{held}'"
    change(
        after / "resolve" / "record_state.parquet",
        f"SELECT * REPLACE (CASE WHEN {release} THEN 'out_of_scope' ELSE state END AS state) FROM made",
    )
    _make_ledger_agree(after)

    result = reconcile(lake, after, settings, before)
    assert [row["cause"] for row in result.figures["change"]["transitions"]] == ["code_or_reference"]

    moment = (AS_OF + timedelta(hours=3)).isoformat()
    append_line(lake.decisions / "quarantine.jsonl", {"record_id": held, "action": "release", "decided_at": moment})
    result = reconcile(lake, after, settings, before)
    assert [row["cause"] for row in result.figures["change"]["transitions"]] == ["decision"]


def test_a_change_without_any_cause_is_said_to_be_unexplained(lake: Lake, settings: Settings) -> None:
    before = MadeBuild().write(lake.root, settings)
    after = MadeBuild(as_of=AS_OF + timedelta(days=1)).write(lake.root, settings)
    change(
        after / "resolve" / "record_state.parquet",
        "SELECT * REPLACE (CASE state WHEN 'quarantined' THEN 'out_of_scope' ELSE state END AS state) FROM made",
    )
    _make_ledger_agree(after)
    result = reconcile(lake, after, settings, before)
    assert [row["cause"] for row in result.figures["change"]["transitions"]] == ["unexplained"]
    assert "НЕ ОБЪЯСНЕНО" in result.page.read_text(encoding="utf-8")


def test_reconciling_what_is_published_compares_with_the_night_before_it(
    lake: Lake, build: Path, later: Path, settings: Settings
) -> None:
    for folder in (build, later):
        reconcile(lake, folder, settings, current_build(lake))
        publish_operations(lake, folder, settings)
    again = reconcile(lake, later, settings, current_build(lake))
    assert again.figures["change"]["status"] == "compared"
    assert sum(row["new_count"] for row in groups(again).values()) == 25


def test_the_page_is_published_beside_the_database(lake: Lake, build: Path, settings: Settings) -> None:
    reconcile(lake, build, settings)
    folder = publish_operations(lake, build, settings).folder
    assert (folder / "index.html").exists()
    assert (folder / "reconciliation.json").exists()


def test_a_night_repeated_gives_the_same_page(lake: Lake, build: Path, later: Path, settings: Settings) -> None:
    first = reconcile(lake, later, settings, build).page.read_bytes()
    assert reconcile(lake, later, settings, build).page.read_bytes() == first


def _merge_two_persons(build: Path) -> tuple[str, str]:
    """Let two persons of the night before turn out to be one."""
    query = f"SELECT person_id, survivor_record_id FROM '{build}/resolve/person.parquet' WHERE survivor_record_id LIKE '{BATCH[:16]}%'"
    with duckdb.connect() as con:
        (gone, record), (kept, _) = con.execute(f"{query} ORDER BY 1 LIMIT 2").fetchall()
    swap = f"* REPLACE (CASE WHEN person_id = '{gone}' THEN '{kept}' ELSE person_id END AS person_id)"
    change(build / "resolve" / "person.parquet", f"SELECT * FROM made WHERE person_id <> '{gone}'")
    for table in ("person_alias", "person_record"):
        change(build / "resolve" / f"{table}.parquet", f"SELECT {swap} FROM made")
    state = f"CASE WHEN record_id = '{record}' THEN 'duplicate' ELSE state END AS state"
    change(build / "resolve" / "record_state.parquet", f"SELECT * REPLACE ({state}, {swap[11:-1]}) FROM made")
    _make_ledger_agree(build)
    return gone, kept


def _make_ledger_agree(build: Path) -> None:
    states = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")
    sums = ", ".join(f"count(*) FILTER (WHERE state = '{state}') AS {state}_count" for state in states)
    change(
        build / "count" / "ledger.parquet",
        f"SELECT route, institution_id, batch_id, min(received_at) AS received_at, count(*) AS received_count, {sums} "
        f"FROM '{build}/resolve/record_state.parquet' GROUP BY ALL",
    )


def test_what_the_portal_accepted_and_did_not_hand_over_fails_the_night_of_the_online_window(
    lake: Lake, settings: Settings
) -> None:
    total = {"control_id": "p", "control_code": "PORTAL_TOTAL", "subject_kind": "route", "subject_id": "portal", "declared_count": 9,
             "received_count": 8, "gap_count": 1}  # fmt: skip
    as_of = AS_OF - timedelta(days=30)
    build = MadeBuild(as_of=as_of, tables={"control_total": [total]}).write(lake.root, settings)
    [found] = [row for row in reconcile(lake, build, settings).figures["checks"] if row["check_id"] == "PORTAL_GAP"]
    assert (found["status"], found["finding_count"]) == ("failed", 1)
