"""The checks of a phase that are no discrepancy of one site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pipeline.count.kinds import load_kinds
from pipeline.desk.closing import LOOKS
from pipeline.errors import RoundClosed
from pipeline.lake import Lake, append_line
from pipeline.reconcile.campaign import catalogue, checks, phase_of
from pipeline.reconcile.figures import read_manifest, register_beside, register_not_taken, rows
from pipeline.reconcile.night import closed_since
from pipeline.settings import Settings
from pipeline.sql import Workbench


@pytest.fixture
def bench(lake: Lake, settings: Settings, build: Path) -> Iterator[Workbench]:
    """The tables of a night; a test may change them."""
    made = Workbench.over(build, "reconcile", lake, settings, datetime.fromisoformat(read_manifest(build)["as_of"]))
    for table in ("record", "control_total"):
        made.con.execute(
            f"CREATE TABLE changed AS FROM {table}; DROP VIEW {table}; ALTER TABLE changed RENAME TO {table}"
        )
    register_beside(made, made.as_of)
    yield made
    made.close()


def found(bench: Workbench, check_id: str) -> int:
    (row,) = [row for row in rows(bench, "check_own") if row["check_id"] == check_id]
    return int(row["finding_count"])


def empty(bench: Workbench, *tables: str) -> None:
    """Let tables have no row, and take some."""
    for table in tables:
        bench.con.execute(
            f"CREATE TABLE none AS FROM {table} LIMIT 0; DROP VIEW {table}; ALTER TABLE none RENAME TO {table}"
        )


@pytest.mark.parametrize(
    ("state", "started_at", "is_training", "is_suspect"),
    [
        ("counted", "2021-09-25 10:00", False, True),
        ("counted", "2021-10-02 10:00", False, False),
        ("counted", "1970-01-01 00:00", False, False),  # a clock, not a training
        ("quarantined", "2021-09-25 10:00", False, False),
        ("counted", "2021-09-25 10:00", True, False),
        ("counted", "2021-10-02 10:00", True, True),
    ],
)
def test_training_that_may_be_none_is_looked_at(
    bench: Workbench, state: str, started_at: str, is_training: bool, is_suspect: bool
) -> None:
    assert found(bench, "TRAINING_SUSPECT") == 0
    bench.con.execute(
        f"UPDATE record SET started_at = '{started_at}', is_training = {is_training} "
        f"WHERE record_id = (SELECT min(record_id) FROM record_state WHERE state = '{state}')"
    )
    assert found(bench, "TRAINING_SUSPECT") == is_suspect


def test_a_site_that_lacks_three_things_is_one_site(bench: Workbench) -> None:
    bench.con.execute(
        "CREATE TABLE open AS FROM discrepancy; DROP VIEW discrepancy; ALTER TABLE open RENAME TO discrepancy"
    )
    bench.con.execute("DELETE FROM discrepancy")
    for number, (kind, institution_id, severity) in enumerate(
        [
            ("ROOM_MISSING", "MNG-0001", "red"),
            ("COMPUTER_MISSING", "MNG-0001", "amber"),
            ("TABLET_MISSING", "MNG-0001", "amber"),
            ("TABLET_MISSING", "MNG-0002", "amber"),
        ]
    ):
        bench.con.execute(
            "INSERT INTO discrepancy BY NAME SELECT ? AS discrepancy_id, ? AS kind, ? AS institution_id, ? AS severity",
            [str(number), kind, institution_id, severity],
        )
    (row,) = [row for row in checks(bench, "before") if row["check_id"] == "EQUIPMENT"]
    assert (row["status"], row["finding_count"], row["checked_count"]) == ("failed", 2, 10)


@pytest.mark.parametrize(
    ("phase", "check_id", "kind"),
    [
        ("closing", "EXPECTED_FROZEN", "LIST_MISSING"),
        ("closing", "EXPECTED_FROZEN", "HEADCOUNT_MISSING"),
        ("tablet", "SILENT", "NOTHING_RECEIVED"),
    ],
)
def test_a_check_fails_for_the_cause_that_is_said_in_place_of_its_own_kind(
    bench: Workbench, phase: str, check_id: str, kind: str
) -> None:
    bench.con.execute(
        "CREATE TABLE open AS FROM discrepancy LIMIT 0; DROP VIEW discrepancy; ALTER TABLE open RENAME TO discrepancy"
    )
    bench.con.execute(
        "INSERT INTO discrepancy BY NAME SELECT 'd' AS discrepancy_id, ? AS kind, 'MNG-0001' AS institution_id, 'red' AS severity",
        [kind],
    )
    (row,) = [row for row in checks(bench, phase) if row["check_id"] == check_id]
    assert (row["status"], row["finding_count"]) == ("failed", 1)


def test_what_the_portal_counts_beyond_what_landed_is_a_gap(bench: Workbench) -> None:
    assert found(bench, "PORTAL_GAP") == 0
    bench.con.execute(
        "INSERT INTO control_total BY NAME SELECT 'x' AS control_id, 'PORTAL_TOTAL' AS control_code, 'route' AS subject_kind, "
        "'portal' AS subject_id, 7 AS declared_count, 6 AS received_count, 1 AS gap_count"
    )
    assert found(bench, "PORTAL_GAP") == 1


@pytest.mark.parametrize(
    ("phase", "check_id", "code", "subject"),
    [
        ("tablet", "PORTAL_GAP", "PORTAL_TOTAL", "portal"),  # web windows are open to the last day of the interviews
        ("closing", "PORTAL_GAP", "PORTAL_TOTAL", "portal"),
        ("closing", "CENSUS_DB_GAP", "CENSUS_DB", "c"),  # a case of the last day is first looked for in the closing
    ],
)
def test_a_gap_of_portal_or_census_database_is_seen_as_long_as_one_may_arise(
    bench: Workbench, phase: str, check_id: str, code: str, subject: str
) -> None:
    bench.con.execute(
        "INSERT INTO control_total BY NAME SELECT 'x' AS control_id, ? AS control_code, 'route' AS subject_kind, ? AS subject_id, "
        "7 AS declared_count, 6 AS received_count, 1 AS gap_count",
        [code, subject],
    )
    (row,) = [row for row in checks(bench, phase) if row["check_id"] == check_id]
    assert (row["status"], row["finding_count"]) == ("failed", 1)


def test_web_forms_are_looked_at_as_long_as_a_web_window_is_open() -> None:
    phases = catalogue()["phases"]
    web = {"PORTAL_GAP", "UNSUBMITTED", "ASSISTED"}
    assert all(web <= {check["id"] for check in phases[phase]} for phase in ("online", "tablet"))


def test_what_keeps_a_round_from_closing_says_where_to_look() -> None:
    failing = {check["id"] for check in catalogue()["phases"]["closing"] if check.get("own") == "failed"}
    assert failing <= set(LOOKS)


def test_a_night_without_doubtful_pairs_is_in_order(bench: Workbench) -> None:
    empty(bench, "review_pair")
    (row,) = [row for row in checks(bench, "closing") if row["check_id"] == "REVIEW"]
    assert (row["status"], row["finding_count"]) == ("ok", 0)


def test_every_kind_of_discrepancy_is_looked_at_in_some_phase(settings: Settings) -> None:
    kinds = {kind.kind for kind in load_kinds(settings.reference / "discrepancies.yaml").kinds}
    looked_at = {kind for phase in catalogue()["phases"].values() for check in phase for kind in check.get("kinds", ())}
    # gaps and tablets that are out have checks of their own
    assert kinds - looked_at == {"CONTROL_GAP", "TABLET_NOT_RETURNED"}
    assert looked_at <= kinds


def test_what_becomes_urgent_on_a_day_is_looked_at_in_the_phase_of_that_day(
    settings: Settings, bench: Workbench
) -> None:
    windows = bench.con.execute("SELECT mode, starts_at, ends_at FROM round_window").fetchall()
    closing_days = bench.value("SELECT closing_days FROM round")
    limits = {
        alert: days
        for alert, *days in bench.con.execute(
            "SELECT alert_id, amber, red FROM threshold WHERE unit = 'date'"
        ).fetchall()
    }
    phases = catalogue()["phases"]
    unseen = {
        (kind.kind, phase, day)
        for kind in load_kinds(settings.reference / "discrepancies.yaml").kinds
        for day in limits.get(kind.alert, ())
        if (phase := phase_of(windows, closing_days, datetime.fromisoformat(day)))
        if not any(kind.kind in check.get("kinds", ()) for check in phases[phase])
    }
    assert not unseen


@pytest.mark.parametrize(
    ("code", "check_id"),
    [
        ("TABLET_COUNTER", "COUNTER_GAP"),
        ("TABLET_NUMBERS", "COUNTER_GAP"),
        ("BATCH", "BUNDLE_GAP"),
        ("BUNDLE_DAY", "BUNDLE_GAP"),
        ("MEDIUM_ACT", "BUNDLE_GAP"),
        ("TABLET_RETURNED", "TABLET_LEFT"),
        ("CENSUS_DB", "CENSUS_DB_GAP"),
    ],
)
def test_every_control_total_reaches_a_check(bench: Workbench, code: str, check_id: str) -> None:
    before = found(bench, check_id)
    bench.con.execute(
        "INSERT INTO control_total BY NAME SELECT 'x' AS control_id, ? AS control_code, 'tablet' AS subject_kind, "
        "'TB-1' AS subject_id, 7 AS declared_count, 6 AS received_count, 1 AS gap_count",
        [code],
    )
    assert found(bench, check_id) == before + 1


def test_the_closing_still_sees_a_custody_record_that_does_not_fit(bench: Workbench) -> None:
    bench.con.execute("CREATE TABLE kept AS FROM batch; DROP VIEW batch; ALTER TABLE kept RENAME TO batch")
    bench.con.execute("DELETE FROM batch WHERE route = 'tablet_usb'")
    for batch_id, problems in (("u", ["NO_CUSTODY", "CUSTODY_DIFFERS"]), ("v", ["SUBMISSIONS_DIFFER"])):
        bench.con.execute(
            "INSERT INTO batch BY NAME SELECT ? AS batch_id, 'tablet_usb' AS route, ?::VARCHAR[] AS problems",
            [batch_id, problems],
        )
    (row,) = [row for row in checks(bench, "closing") if row["check_id"] == "CUSTODY_FAULT"]
    assert (row["status"], row["finding_count"], row["checked_count"]) == ("attention", 1, 2)


def test_the_closing_still_sees_a_stick_that_another_carried(bench: Workbench) -> None:
    empty(bench, "batch", "medium", "employee")
    bench.con.execute("INSERT INTO employee BY NAME SELECT unnest(['DEP-1', 'DEP-2']) AS employee_id")
    bench.con.execute("INSERT INTO medium BY NAME SELECT 'USB-1' AS medium_id, 'DEP-1' AS employee_id")
    for medium_id, carrier, problem in (
        ("USB-1", "DEP-1", None),
        ("USB-1", "DEP-2", None),
        ("USB-9", "DEP-1", None),
        (None, None, "NO_CUSTODY"),
    ):
        bench.con.execute(
            "INSERT INTO batch BY NAME SELECT 'tablet_usb' AS route, ? AS medium_id, ? AS custody_employee_id, "
            "list_filter([?::VARCHAR], lambda problem: problem IS NOT NULL) AS problems",
            [medium_id, carrier, problem],
        )
    (row,) = [row for row in checks(bench, "closing") if row["check_id"] == "MEDIUM_NOT_OURS"]
    assert (row["status"], row["finding_count"], row["checked_count"]) == ("attention", 2, 4)


def test_the_closing_still_sees_what_a_tablet_with_a_revoked_key_held(bench: Workbench) -> None:
    empty(bench, "batch", "unproven_bundle")
    for batch_id, is_key_revoked in (
        ("not read", True),
        ("unsigned", True),
        ("of another tablet", False),
        ("read", None),
    ):
        bench.con.execute("INSERT INTO batch BY NAME SELECT ? AS batch_id, 'tablet_usb' AS route", [batch_id])
        if is_key_revoked is not None:
            bench.con.execute("INSERT INTO unproven_bundle VALUES (?, ?)", [batch_id, is_key_revoked])
    (row,) = [row for row in checks(bench, "closing") if row["check_id"] == "BUNDLE_KEY_REVOKED"]
    assert (row["status"], row["finding_count"], row["checked_count"]) == ("attention", 2, 4)


def test_whose_home_nobody_knows_is_one_of_those_not_known_wherever_they_were_seen(
    bench: Workbench, lake: Lake, build: Path
) -> None:
    register_not_taken(bench, lake, read_manifest(build))
    empty(bench, "forwarded")
    for place, person, basis in (("A", "p", "place_unresolved"), ("B", "p", "place_unresolved"), ("A", "q", None)):
        bench.con.execute(
            "INSERT INTO forwarded BY NAME SELECT ? AS institution_id, ? AS person_id, ? AS basis",
            [place, person, basis],
        )
    (row,) = [row for row in rows(bench, "unknown") if row["topic"] == "PLACE_UNRESOLVED"]
    assert row["size_count"] == 1


def test_people_to_be_handed_on_are_counted_and_their_receipt_is_not_known(bench: Workbench) -> None:
    (row,) = [row for row in checks(bench, "after") if row["check_id"] == "FORWARDED"]
    assert (row["status"], row["finding_count"]) == ("not_known", bench.value("SELECT count(*) FROM forwarded"))


@pytest.mark.parametrize(
    ("made", "status"),
    [
        ({}, "not_known"),
        ({"as_of": "2021-10-19T20:00:00+00:00", "disclosure": {"told": {}}}, "ok"),
        ({"as_of": "2021-10-19T20:00:00+00:00"}, "not_known"),
        ({"as_of": "2021-11-19T20:00:00+00:00", "disclosure": {"told": {}}}, "not_known"),  # of a night to come
    ],
)
def test_a_release_that_stands_has_passed_the_disclosure_check(
    bench: Workbench, lake: Lake, made: dict[str, object], status: str
) -> None:
    if made:
        let_stand(bench, lake, made)
    assert disclosure_check(bench) == (status, 0)


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ("UPDATE disclosure SET min_cell_count = min_cell_count + 1 WHERE tier = 'S1'", 1),
        (
            "UPDATE ref_category SET tier = 'S3' WHERE category_code = (SELECT min(category_code) FROM ref_category WHERE tier = 'S0')",
            1,
        ),
    ],
)
def test_a_release_made_by_other_rules_of_disclosure_than_todays_is_said(
    bench: Workbench, lake: Lake, change: str, rules: int
) -> None:
    let_stand(bench, lake, {"as_of": "2021-10-19T20:00:00+00:00", "disclosure": {"told": {}}})
    bench.con.execute(change)
    assert disclosure_check(bench) == ("failed", rules)


def test_a_release_from_before_a_rule_is_said_and_stops_no_night(bench: Workbench, lake: Lake) -> None:
    let_stand(bench, lake, {"as_of": "2021-10-19T20:00:00+00:00", "disclosure": {"told": {}}})
    kept = lake.published / "current" / "parquet" / "ref" / "disclosure.parquet"
    bench.con.execute(f"COPY (SELECT * EXCLUDE (min_class_count) FROM disclosure) TO '{kept}'")
    register_beside(bench, bench.as_of)
    assert disclosure_check(bench) == ("failed", bench.value("SELECT count(*) FROM disclosure"))


@pytest.mark.parametrize(("build_id", "said"), [("told", ("failed", 1)), ("later", ("ok", 0))])
def test_a_release_that_tells_of_a_house_which_is_more_sensitive_today_is_said(
    bench: Workbench, lake: Lake, build_id: str, said: tuple[str, int]
) -> None:
    """Of its group alone, as that was told of: another group may be held as an older release had it."""
    told = lake.builds / "told" / "read" / "institution.parquet"
    told.parent.mkdir(parents=True)
    bench.con.execute(f"""COPY (
        SELECT * REPLACE (
            CASE
                WHEN institution_id = (
                    SELECT min(institution_id) FROM institution JOIN ref_category USING (category_code) WHERE tier > 'S0'
                )
                    THEN (SELECT min(category_code) FROM ref_category WHERE tier = 'S0')
                ELSE category_code
            END AS category_code
        )
        FROM institution
    ) TO '{told}'""")
    groups = bench.con.execute(
        "SELECT DISTINCT publication_group, tier = 'S0' FROM ref_category ORDER BY ALL"
    ).fetchall()
    groups_told = dict.fromkeys((group for group, _ in groups), "told") | {
        group: build_id for group, is_of_house in groups if is_of_house
    }
    let_stand(bench, lake, {"as_of": "2021-10-19T20:00:00+00:00", "disclosure": {"told": groups_told}})
    assert disclosure_check(bench) == said


def let_stand(bench: Workbench, lake: Lake, made: dict[str, object]) -> None:
    """Let a release lie there that says by which rules it was made: today's."""
    folder = lake.published / "current"
    (folder / "parquet" / "ref").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"snapshot_id": "R1", **made}))
    for name, relation in (("disclosure", "disclosure"), ("category", "ref_category")):
        bench.con.execute(f"COPY {relation} TO '{folder}/parquet/ref/{name}.parquet'")
    register_beside(bench, bench.as_of)


def disclosure_check(bench: Workbench) -> tuple[str, int]:
    (row,) = [row for row in checks(bench, "after") if row["check_id"] == "DISCLOSURE"]
    return row["status"], row["finding_count"]


@pytest.mark.parametrize(
    ("walk", "fault", "status"),
    [
        ("USED", None, "ok"),
        ("MISSING", None, "not_known"),
        ("STALE", "VERIFICATION_STALE", "attention"),
        ("USED", "VERIFICATION_HELD", "attention"),
    ],
)
def test_verification_is_in_order_only_with_a_control_walk_that_can_be_used(
    bench: Workbench, walk: str, fault: str | None, status: str
) -> None:
    empty(bench, "verification", "discrepancy")
    bench.con.execute(
        "INSERT INTO verification BY NAME SELECT 'CONTROL_WALK' AS source_kind, 'w' AS source_id, ? AS status", [walk]
    )
    if fault:
        bench.con.execute(
            "INSERT INTO discrepancy BY NAME SELECT 'd' AS discrepancy_id, ? AS kind, 'UNKNOWN' AS institution_id, 'amber' AS severity",
            [fault],
        )
    (row,) = [row for row in checks(bench, "after") if row["check_id"] == "VERIFICATION"]
    assert row["status"] == status


@pytest.mark.parametrize(
    ("copied_on", "batch", "again", "is_out"),
    [
        (None, None, None, False),
        ("2021-10-10", None, None, True),
        ("2021-10-17", None, None, True),
        ("2021-10-18", None, None, False),  # of the day before yesterday: it may be on its way
        ("2021-10-10", "2021-10-09 20:00", None, False),  # 01:00 of that day in Aqtau
        ("2021-10-10", "2021-10-09 18:00", None, True),  # what it carried the time before
        ("2021-10-10", None, "2021-10-10T03:00:00+05:00", False),  # its bundle had come by another medium
        ("2021-10-10", None, "2021-10-09T03:00:00+05:00", True),
        ("2021-10-10", None, "", True),  # left in the inbox, it would be heard every night
        ("2021-10-10", None, "2021-10-11T03:00:00", True),
    ],
)
def test_a_medium_that_was_written_and_never_came_is_missed(
    bench: Workbench, lake: Lake, copied_on: str | None, batch: str | None, again: str | None, is_out: bool
) -> None:
    for table in ("medium", "batch"):
        bench.con.execute(f"CREATE TABLE kept AS FROM {table}; DROP VIEW {table}; ALTER TABLE kept RENAME TO {table}")
    bench.con.execute("UPDATE medium SET copied_on = ?, act_case_count = 4 WHERE medium_id = 'USB-001'", [copied_on])
    if batch:
        bench.con.execute(
            "INSERT INTO batch BY NAME SELECT 'u' AS batch_id, 'tablet_usb' AS route, 'USB-001' AS medium_id, ?::TIMESTAMP AS copied_at",
            [batch],
        )
    if again is not None:
        line = {"outcome": "again", "route": "tablet_usb", "origin": "o", "at": "2021-10-15T00:00:00+00:00"}
        append_line(lake.receipts, line | {"custody": {"medium_id": "USB-001", "copied_at": again}})
    register_beside(bench, bench.as_of)
    assert found(bench, "MEDIA_OUT") == is_out
    (total,) = rows(bench, "tablet_total")
    assert (total["medium_out_count"], total["medium_out_case_count"]) == ((1, 4) if is_out else (0, 0))


def test_a_medium_loaded_after_the_close_is_not_out(bench: Workbench, lake: Lake) -> None:
    bench.con.execute("CREATE TABLE kept AS FROM medium; DROP VIEW medium; ALTER TABLE kept RENAME TO medium")
    bench.con.execute("UPDATE medium SET copied_on = '2021-11-02', act_case_count = 4 WHERE medium_id = 'USB-001'")
    bench.con.execute("UPDATE build SET seen_at = '2021-11-08'")
    bench.closing, seen_at = {"build_id": "b"}, datetime(2021, 11, 8, tzinfo=UTC)
    register_beside(bench, seen_at)
    assert found(bench, "MEDIA_OUT") == 1
    landed = {
        "batch_id": "u",
        "received_at": "2021-11-05T00:00:00+00:00",
        "custody": {"medium_id": "USB-001", "copied_at": "2021-11-02T12:00:00+05:00"},
    }
    folder = lake.landing / "tablet_usb" / "u"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(landed))
    register_beside(bench, seen_at)
    assert found(bench, "MEDIA_OUT") == 0


def test_a_build_of_a_moment_to_come_that_was_pinned_before_the_close_is_refused_by_name() -> None:
    bench = cast(Workbench, SimpleNamespace(closing={"decided_at": "2021-12-01T00:00:00+00:00"}))
    with pytest.raises(RoundClosed, match="closed since this build was pinned"):
        closed_since(bench, {"build_id": "0123456789abcdef", "inputs": {"batches": []}})
