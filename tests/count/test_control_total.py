"""What never arrived is shown by what the sender counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_control_totals
from tests.count.field import Field

AS_OF = datetime(2021, 10, 10, 12, tzinfo=UTC)


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path, AS_OF)
    made.institution()
    for device_id in ("T1", "T2", "T3"):
        made.add("device", device_id=device_id, institution_id="A")
    made.add("medium", medium_id="USB-1")
    return made


def bundle(
    field: Field, batch_id: str, numbers: list[int], *, device_id: str = "T1", route: str = "tablet_vpn", **more: Any
) -> None:
    """Receive a bundle with the cases of these numbers."""
    values = {
        "received_at": "2021-10-05 00:00",
        "institution_id": "A",
        "record_count": len(numbers),
        "declared_count": len(numbers),
    }
    field.add("batch", batch_id=batch_id, route=route, device_id=device_id, **{**values, **more})
    for number in numbers:
        field.add("record", record_id=f"{batch_id}-{number}", batch_id=batch_id, route=route, device_case_no=number, case_id=f"{device_id}-{number}",
                  completed_at="2021-10-04 20:00", completed_offset_min=300, received_at="2021-10-05")  # fmt: skip


def controls(field: Field, code: str) -> list[dict[str, Any]]:
    make_control_totals(field)
    return field.rows(f"SELECT * FROM control_total WHERE control_code = '{code}' ORDER BY subject_id, counted_on")


def test_created_equals_received_plus_declared_deleted(field: Field) -> None:
    bundle(field, "b1", [1, 2, 3], created_count=3, deleted_count=0, last_case_no=3)
    bundle(field, "b2", [4, 6], created_count=6, deleted_count=1, last_case_no=6)
    [row] = controls(field, "TABLET_COUNTER")
    assert (row["declared_count"], row["received_count"], row["gap_count"]) == (6, 5 + 1, 0)


def test_a_missing_number_is_a_gap_since_the_bundle_that_should_have_had_it(field: Field) -> None:
    bundle(field, "b1", [1, 2], created_count=2, last_case_no=2, received_at="2021-10-05 12:00")
    bundle(field, "b2", [5], created_count=5, last_case_no=5, received_at="2021-10-06 12:00")
    bundle(field, "b3", [6], created_count=6, last_case_no=6, received_at="2021-10-07 12:00")
    [row] = controls(field, "TABLET_NUMBERS")
    assert (row["gap_count"], row["detail"]) == (2, "3 4")
    assert str(row["since_at"]) == "2021-10-06 12:00:00"


def test_a_number_that_was_deleted_is_no_gap_and_makes_none_older(field: Field) -> None:
    said = {"deleted_count": 1}
    bundle(field, "b1", [1, 3], created_count=3, last_case_no=3, received_at="2021-10-05 12:00", **said)
    bundle(field, "b2", [4, 6], created_count=6, last_case_no=6, received_at="2021-10-07 12:00", **said)
    for code in ("TABLET_COUNTER", "TABLET_NUMBERS"):
        [row] = controls(field, code)
        assert (row["gap_count"], row["detail"], str(row["since_at"])) == (1, "2 5", "2021-10-07 12:00:00")


def test_a_counter_that_says_anything_is_looked_through_as_far_as_it_is_told(field: Field) -> None:
    bundle(field, "b1", [2, 4, 40], created_count=2**31 - 1, last_case_no=2**31 - 1)
    [row] = controls(field, "TABLET_NUMBERS")
    assert row["gap_count"] == 2**31 - 4
    assert row["detail"] == "1 3 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22"


def test_a_case_deleted_after_it_was_sent_hides_none_that_never_came(field: Field) -> None:
    bundle(field, "b1", [1, 2, 3, 4], created_count=4, last_case_no=4)
    bundle(field, "b2", [], created_count=4, last_case_no=4, deleted_count=1)
    assert [controls(field, code)[0]["gap_count"] for code in ("TABLET_COUNTER", "TABLET_NUMBERS")] == [0, 0]
    bundle(field, "b3", [6], created_count=7, last_case_no=7, deleted_count=2)
    assert [controls(field, code)[0]["gap_count"] for code in ("TABLET_COUNTER", "TABLET_NUMBERS")] == [1, 1]


def test_a_stick_that_fills_the_gap_weeks_later_closes_it(field: Field) -> None:
    bundle(field, "b1", [1, 2, 5], created_count=5, last_case_no=5)
    bundle(field, "u1", [2, 3, 4], route="tablet_usb", created_count=5, last_case_no=5)
    assert [row["gap_count"] for row in controls(field, "TABLET_NUMBERS")] == [0]


def test_when_each_tablet_was_heard_and_what_is_still_out_on_usb(field: Field) -> None:
    # as of 17:00 of 10 October in Aqtau; interviews began at 19:00 of 30 September, UTC
    for device_id, dates in {
        "T4": ("2021-09-25", "2021-10-09"),
        "T5": ("2021-10-07", None),
        "T6": ("2021-10-12", None),
    }.items():
        field.add("device", device_id=device_id, institution_id="A", issued_on=dates[0], returned_on=dates[1])
    bundle(field, "b1", [1, 2, 3], created_count=3, received_at="2021-10-05 20:00")
    usb = {"route": "tablet_usb", "medium_id": "USB-1"}
    bundle(
        field,
        "u1",
        [4, 6],
        created_count=6,
        deleted_count=1,
        copied_at="2021-10-06 06:00",
        received_at="2021-10-08 10:00",
        **usb,
    )
    bundle(
        field,
        "u2",
        [1, 2],
        device_id="T2",
        created_count=4,
        copied_at="2021-10-03 20:00",
        received_at="2021-10-09 10:00",
        **usb,
    )
    bundle(field, "b3", [1], device_id="T3", created_count=1, seal_fault="KEY_UNKNOWN")  # not believed, not heard
    bundle(field, "b4", [1], device_id="T4", created_count=1, received_at="2021-10-08 10:00")
    make_control_totals(field)
    columns = (
        "device_id, route, heard_at::VARCHAR, silent_since_at::VARCHAR, silent_days, created_count, received_count"
    )
    assert field.con.execute(f"SELECT {columns} FROM tablet ORDER BY device_id").fetchall() == [
        ("T1", "tablet_vpn", "2021-10-06 06:00:00", "2021-10-06 06:00:00", 4, 6, 6),  # whenever the stick came
        ("T2", "tablet_usb", "2021-10-03 20:00:00", "2021-10-03 20:00:00", 6, 4, 2),  # unloaded on the 4th there
        ("T3", None, None, "2021-09-30 19:00:00", 9, None, None),
        ("T4", "tablet_vpn", "2021-10-08 10:00:00", None, None, 1, 1),  # back
        ("T5", None, None, "2021-10-06 19:00:00", 3, None, None),  # silent no longer than somebody has it
        ("T6", None, None, None, None, None, None),  # not out yet
    ]


def test_a_bundle_that_carries_less_than_it_says(field: Field) -> None:
    bundle(field, "b1", [1, 2], declared_count=3)
    [row] = controls(field, "BATCH")
    assert (row["subject_id"], row["gap_count"], str(row["since_at"])) == ("b1", 1, "2021-10-05 00:00:00")


def test_days_are_those_of_the_device(field: Field) -> None:
    bundle(field, "b1", [1, 2])
    field.add("batch_daily", batch_id="b1", counted_on="2021-10-05", declared_count=2)  # 20:00 UTC is 01:00 there
    field.add("batch_daily", batch_id="b1", counted_on="2021-10-04", declared_count=1)
    assert [(row["counted_on"], row["gap_count"]) for row in controls(field, "BUNDLE_DAY")] == [
        (date(2021, 10, 4), 1),
        (date(2021, 10, 5), 0),
    ]


def damaged(field: Field, batch_id: str, read_error: str = "NOT_JSON", sha256: str = "00") -> None:
    """Receive something in a bundle that cannot be read."""
    field.add("record", record_id=f"{batch_id}-{read_error}", batch_id=batch_id, route="tablet_vpn", read_error=read_error, bytes_sha256=sha256)  # fmt: skip


def test_what_cannot_be_read_has_arrived_and_fills_the_counts_but_no_number(field: Field) -> None:
    bundle(field, "b1", [1, 2], created_count=4, last_case_no=4, record_count=3, declared_count=4)
    damaged(field, "b1")
    field.add("batch_daily", batch_id="b1", counted_on="2021-10-05", declared_count=4)
    gaps = {
        code: controls(field, code)[0]["gap_count"]
        for code in ("BATCH", "TABLET_COUNTER", "BUNDLE_DAY", "TABLET_NUMBERS")
    }
    assert gaps == {"BATCH": 1, "TABLET_COUNTER": 1, "BUNDLE_DAY": 1, "TABLET_NUMBERS": 2}


@pytest.mark.parametrize("read_error", ["UNKNOWN_FILE", "BAD_MANIFEST"])
def test_what_can_hold_no_case_fills_nothing(field: Field, read_error: str) -> None:
    act = {"medium_id": "USB-1", "custody_act_no": "17", "act_case_count": 3}
    said = {"created_count": 3, "last_case_no": 3, "declared_count": 3}
    bundle(field, "b1", [1, 2], route="tablet_usb", record_count=3, slot_count=2, **act, **said)
    damaged(field, "b1", read_error)
    field.add("batch_daily", batch_id="b1", counted_on="2021-10-05", declared_count=3)
    codes = ("BATCH", "TABLET_COUNTER", "BUNDLE_DAY", "MEDIUM_ACT")
    assert {code: controls(field, code)[0]["gap_count"] for code in codes} == dict.fromkeys(codes, 1)


def test_a_damaged_line_that_came_by_two_routes_fills_the_counter_once(field: Field) -> None:
    for batch_id, route in (("b1", "tablet_vpn"), ("b2", "tablet_usb")):
        bundle(field, batch_id, [1, 2], route=route, created_count=4, last_case_no=4, record_count=3)
        damaged(field, batch_id)
    assert [row["gap_count"] for row in controls(field, "TABLET_COUNTER")] == [1]


@pytest.mark.parametrize("fault", ["BUNDLE_UNSIGNED", "BUNDLE_SIGNATURE_WRONG", "KEY_UNKNOWN", "KEY_REVOKED"])
def test_a_bundle_that_is_not_believed_fills_nothing_of_the_tablet_it_names(field: Field, fault: str) -> None:
    bundle(field, "b1", [1, 2], created_count=4, last_case_no=4)
    forged(field, fault)
    assert [row["gap_count"] for row in controls(field, "TABLET_COUNTER")] == [2]


def test_the_statement_of_an_altered_bundle_is_proven_and_its_lines_are_not(field: Field) -> None:
    bundle(field, "b1", [1, 2], created_count=2, last_case_no=2)
    forged(field, "BUNDLE_ALTERED", created_count=4, last_case_no=4)
    assert [row["gap_count"] for row in controls(field, "TABLET_COUNTER")] == [2]


def forged(field: Field, fault: str, **said: int) -> None:
    """Receive two lines under the name of the tablet T1, in a bundle that is not believed."""
    bundle(field, "x", [], seal_fault=fault, record_count=2, received_at="2021-10-06", **said)
    for number in (1, 2):
        field.add("record", record_id=f"x-{number}", batch_id="x", route="tablet_vpn", read_error=fault)


def test_the_portal_counts_all_it_ever_accepted_again_at_every_pull(field: Field) -> None:
    days = ({"2021-10-05": 2}, {"2021-10-05": 3, "2021-10-06": 2}, {"2021-10-05": 3, "2021-10-06": 3})
    for number, (declared, cases) in enumerate(zip(days, ([1, 2], [3, 4], [5]), strict=True), 1):
        bundle(field, f"p{number}", cases, route="portal", device_id="web", received_at=f"2021-10-0{5 + number} 12:00")
        for day, count in declared.items():
            field.add("batch_daily", batch_id=f"p{number}", counted_on=day, declared_count=count)
    [row] = controls(field, "PORTAL_TOTAL")
    assert (row["subject_id"], row["declared_count"], row["received_count"], row["gap_count"]) == ("portal", 6, 5, 1)
    assert str(row["since_at"]) == "2021-10-07 12:00:00"  # one is missing since the second pull


def test_what_the_census_database_gave_twice_it_accepted_once(field: Field) -> None:
    bundle(field, "c1", [1, 2], route="census_db", device_id="web", received_at="2021-10-06 12:00")
    bundle(field, "c2", [2, 3], route="census_db", device_id="web", received_at="2021-10-07 12:00")
    field.con.execute("UPDATE record SET case_version = 1, record_no = device_case_no")
    field.con.execute("UPDATE batch SET record_count = 3 WHERE batch_id = 'c2'")
    field.add("record", record_id="c2-x", batch_id="c2", route="census_db", read_error="NOT_JSON", record_no=9)
    field.add("batch_daily", batch_id="c2", counted_on="2021-10-05", declared_count=5)
    [row] = controls(field, "PORTAL_TOTAL")
    assert (row["subject_id"], row["declared_count"], row["received_count"], row["gap_count"]) == ("census_db", 5, 4, 1)


def census_days(field: Field, *pulls: dict[str, tuple[int, int | None]]) -> list[tuple[str, int, int]]:
    """Pull the Census Database once a day; of each day what it declares and what lands. Return day, gap and age."""
    for number, days in enumerate(pulls, 1):
        field.add(
            "batch",
            batch_id=f"c{number}",
            route="census_db",
            received_at=f"2021-10-0{5 + number} 12:00",
            record_count=0,
        )
        for day, (declared, landed) in days.items():
            field.add(
                "batch_daily", batch_id=f"c{number}", counted_on=day, declared_count=declared, landed_count=landed
            )
    return [(str(row["counted_on"]), row["gap_count"], row["since_at"].day) for row in controls(field, "CENSUS_DAY")]


def test_a_surplus_of_one_day_of_the_census_database_hides_no_gap_of_another(field: Field) -> None:
    days = census_days(
        field,
        {"2021-10-04": (3, 3), "2021-10-05": (2, 1)},
        {"2021-10-04": (3, 1), "2021-10-05": (2, 0), "2021-10-06": (4, 4)},
    )
    assert sorted(days) == [("2021-10-04", -1, 7), ("2021-10-05", 1, 6), ("2021-10-06", 0, 7)]


def test_a_day_that_was_filled_by_a_later_pull_is_balanced(field: Field) -> None:
    assert census_days(field, {"2021-10-04": (3, 2)}, {"2021-10-04": (3, 1)}) == [("2021-10-04", 0, 7)]


def test_of_pulls_that_kept_no_days_nothing_is_said(field: Field) -> None:
    assert census_days(field, {"2021-10-04": (3, None)}, {"2021-10-05": (2, 1)}) == []


def test_movements_of_the_portal_are_held_against_its_count_and_those_of_files_are_not(field: Field) -> None:
    for batch_id, source, site, count in (("m1", "portal", None, 4), ("m2", "MNG-0001", "MNG-0001", 9)):
        field.add(
            "batch", batch_id=batch_id, route="movement", source_id=source, institution_id=site, record_count=count,
            received_at="2021-10-06 12:00",
        )  # fmt: skip
    field.add("batch_daily", batch_id="m1", counted_on="2021-10-05", declared_count=6)
    [row] = controls(field, "PORTAL_TOTAL")
    assert (row["subject_id"], row["declared_count"], row["received_count"], row["gap_count"]) == ("movement", 6, 4, 2)


def test_the_act_of_a_medium_counts_all_its_bundles(field: Field) -> None:
    act = {"route": "tablet_usb", "medium_id": "USB-1", "custody_act_no": "17", "act_case_count": 5}
    bundle(field, "u1", [1, 2], **act)
    bundle(field, "u2", [3, 4], **act)
    [row] = controls(field, "MEDIUM_ACT")
    assert (row["subject_id"], row["declared_count"], row["received_count"], row["gap_count"]) == ("USB-1", 5, 4, 1)


def test_an_act_counts_what_an_earlier_medium_had_brought(field: Field) -> None:
    """A growing export folder is copied whole each time: the bundle that came before keeps the custody of its first medium."""
    bundle(field, "u1", [1, 2], route="tablet_usb", medium_id="USB-1", custody_act_no="17", act_case_count=2)
    later = {"route": "tablet_usb", "medium_id": "USB-1", "custody_act_no": "18", "carried_batch_ids": ["u1"]}
    bundle(field, "u2", [3], act_case_count=5, **later)
    bundle(field, "u3", [4], act_case_count=5, **later)
    assert {row["detail"]: row["gap_count"] for row in controls(field, "MEDIUM_ACT")} == {"17": 0, "18": 1}


def test_cases_left_on_a_returned_tablet_stay_a_gap_until_they_come(field: Field) -> None:
    for device_id, left in (("T1", 2), ("T2", 1), ("T3", 1)):
        field.con.execute(
            f"UPDATE device SET returned_on = '2021-10-08', cases_left_count = {left} WHERE device_id = '{device_id}'"
        )
    bundle(field, "b1", [1, 2], device_id="T1", created_count=3, last_case_no=3)  # one of two has come
    bundle(field, "b2", [1, 2, 3], device_id="T2", created_count=3, last_case_no=3)
    assert [(row["subject_id"], row["gap_count"]) for row in controls(field, "TABLET_RETURNED")] == [
        ("T1", 1),
        ("T2", 0),
        ("T3", 1),
    ]


def test_what_was_left_at_an_earlier_return_is_still_waited_for(field: Field) -> None:
    field.add(
        "device_before", device_id="T1", acts_since=1, institution_id="A", act_no="1", batch_id="r",
        returned_on="2021-10-06", cases_left_count=3, return_act_no="4",
    )  # fmt: skip
    assert [(row["declared_count"], row["gap_count"]) for row in controls(field, "TABLET_RETURNED")] == [(3, 3)]
    field.con.execute("UPDATE device SET returned_on = '2021-10-08', cases_left_count = 0 WHERE device_id = 'T1'")
    [row] = controls(field, "TABLET_RETURNED")
    assert (row["declared_count"], row["gap_count"], str(row["since_at"])) == (3, 3, "2021-10-05 19:00:00")


def test_of_what_was_left_on_a_returned_tablet_that_has_come_which_cannot_be_read(field: Field) -> None:
    field.con.execute("UPDATE device SET returned_on = '2021-10-08', cases_left_count = 2 WHERE device_id = 'T1'")
    bundle(field, "b1", [1, 2], created_count=4, last_case_no=4)
    damaged(field, "b1")
    gaps = {code: controls(field, code)[0]["gap_count"] for code in ("TABLET_COUNTER", "TABLET_RETURNED")}
    assert gaps == {"TABLET_COUNTER": 1, "TABLET_RETURNED": 1}


def test_after_72_hours_every_case_is_looked_for_in_the_census_database(field: Field) -> None:
    bundle(field, "b1", [1, 2, 3])
    assert controls(field, "CENSUS_DB") == []  # nothing comes from there: nothing to look in
    field.add("batch", batch_id="c1", route="census_db", received_at="2021-10-09", record_count=1)
    field.add("record", record_id="c1-1", batch_id="c1", route="census_db", case_id="T1-1", received_at="2021-10-09")
    field.add(
        "record", record_id="n1-1", batch_id="b1", route="tablet_vpn", case_id="new", received_at="2021-10-09 12:00"
    )
    [row] = controls(field, "CENSUS_DB")
    assert (row["subject_id"], row["declared_count"], row["received_count"], row["gap_count"]) == (
        "tablet_vpn",
        3,
        1,
        2,
    )
    assert str(row["since_at"]) == "2021-10-08 00:00:00"  # received on the 5th: missing after three days
    not_found = field.rows("SELECT route, case_id, record_id FROM census_db_search WHERE NOT is_found ORDER BY case_id")
    assert [tuple(row.values()) for row in not_found] == [
        ("tablet_vpn", "T1-2", "b1-2"),
        ("tablet_vpn", "T1-3", "b1-3"),
    ]


def test_ids_the_register_does_not_know_are_not_shown_yet_told_apart(field: Field) -> None:
    act = {"route": "tablet_usb", "act_case_count": 3, "custody_act_no": "USB-2021-17"}
    said = {"created_count": 5, "last_case_no": 5, "institution_id": "SekretbekovaAigerim"}
    bundle(field, "b1", [1, 2], device_id="Sekretbekova_A", medium_id="Sekretbekova.1", **act, **said)
    bundle(field, "b2", [1, 3], device_id="850101300123", medium_id="Sekretbekova.2", **act, **said)
    make_control_totals(field)
    rows = field.rows("SELECT * FROM control_total ORDER BY control_id")
    assert "ekret" not in str(rows)
    assert "850101300123" not in str(rows)
    shown = {(row["control_code"], row["subject_id"], row["institution_id"]) for row in rows}
    assert shown == {("BATCH", "b1", None), ("BATCH", "b2", None)} | {
        (code, "UNKNOWN", None) for code in ("TABLET_COUNTER", "TABLET_NUMBERS", "MEDIUM_ACT")
    }
    assert len(rows) == 2 * 4


def test_an_unknown_tablet_keeps_its_control_from_night_to_night(field: Field) -> None:
    bundle(field, "b2", [1], device_id="X", created_count=1, received_at="2021-10-05")
    before = controls(field, "TABLET_COUNTER")
    bundle(field, "b1", [2], device_id="X", created_count=3, received_at="2021-10-06")
    after = controls(field, "TABLET_COUNTER")
    assert [row["control_id"] for row in before] == [row["control_id"] for row in after]
    assert [row["gap_count"] for row in after] == [1]


def test_the_act_of_a_medium_is_shown_by_its_number_alone(field: Field) -> None:
    acts = {"u1": "USB-2021-17", "u2": "Sekretbekova", "u3": "850101300123", "u4": "AKT-5"}
    for batch_id, act_no in acts.items():
        bundle(field, batch_id, [1], route="tablet_usb", medium_id="USB-1", custody_act_no=act_no, act_case_count=1)
    assert sorted(row["detail"] for row in controls(field, "MEDIUM_ACT")) == ["", "", "2021-17", "5"]


def test_the_act_of_a_returned_tablet_is_shown_by_its_number_alone(field: Field) -> None:
    for device_id, act_no in (("T1", "AKT-5"), ("T2", "Sekretbekova"), ("T3", "850101300123")):
        field.con.execute(
            f"UPDATE device SET returned_on = '2021-10-08', cases_left_count = 1, return_act_no = '{act_no}' WHERE device_id = '{device_id}'"
        )
    assert [row["detail"] for row in controls(field, "TABLET_RETURNED")] == ["5", "", ""]


def test_a_draft_is_not_looked_for_in_the_census_database(field: Field) -> None:
    bundle(field, "b1", [1], route="portal", device_id="web")
    field.add("record", record_id="d", batch_id="b1", route="portal", case_id="d", case_status="draft", received_at="2021-10-05")  # fmt: skip
    field.add("batch", batch_id="c1", route="census_db", received_at="2021-10-09", record_count=1)
    [row] = controls(field, "CENSUS_DB")
    assert (row["declared_count"], row["gap_count"]) == (1, 1)


def test_lag_is_told_in_exact_quantiles(field: Field) -> None:
    for number in range(1, 21):
        field.add("record", record_id=f"r{number}", batch_id="b", route="tablet_vpn", institution_id="A", completed_at="2021-10-03 10:00",
                  synced_at=f"2021-10-03 10:{number:02d}", received_at=f"2021-10-03 11:{number:02d}")  # fmt: skip
    field.add(
        "record",
        record_id="x",
        batch_id="b",
        route="tablet_vpn",
        institution_id="A",
        completed_at="2022-01-01",
        received_at="2021-10-03",
    )
    field.write("sync_lag")
    row = field.row("SELECT * FROM sync_lag")
    assert (row["sync_p50_minutes"], row["sync_p95_minutes"], row["transfer_p50_minutes"]) == (10, 19, 60)
    assert (row["record_count"], row["clock_ahead_count"]) == (21, 1)
