"""What somebody has to do something about: by the thresholds of the round, the weightiest first, never about a person."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from pipeline import cli
from pipeline.count import register_closing
from pipeline.count.kinds import load_kinds
from pipeline.errors import BadReferenceFile
from tests.count.field import REFERENCE, ROUND, TABLES, Field

NIGHT = datetime(2021, 10, 9, 21, tzinfo=UTC)  # 02:00 of 10 October in Aqtau
WHOLE = dict.fromkeys(("has_case", "has_glass", "has_charger", "has_usb_cable", "has_stylus", "has_power_bank"), True)
INTERVIEWS_OVER = datetime(2021, 11, 4, 21, tzinfo=UTC)


def found(field: Field, kind: str | None = None) -> list[dict[str, Any]]:
    rows = field.discrepancies()
    # few fields here have routes that are pulled
    return [row for row in rows if row["kind"] == kind or (kind is None and row["kind"] != "ROUTE_SILENT")]


def ready(field: Field, institution_id: str = "A", count: int = 50, **more: Any) -> None:
    """Make an institution nothing can be said against."""
    field.institution(institution_id, **more)
    field.add(
        "staff", staff_id=f"S{institution_id}", institution_id=institution_id, trained_on="2021-08-10", batch_id="r"
    )
    field.add(
        "premises", institution_id=institution_id, has_room=True, computer_count=2, has_internet=True, batch_id="r"
    )
    field.add("device", device_id=f"T{institution_id}", institution_id=institution_id, batch_id="r", **WHOLE)
    field.listed(count, institution_id)
    field.signed(count, institution_id=institution_id)
    field.add(
        "batch", batch_id="l", route="list", received_at="2021-07-20", record_count=0
    ) if institution_id == "A" else None


def counted(field: Field, count: int, institution_id: str = "A") -> None:
    field.people(count, usual=institution_id, present=institution_id, is_proxy=True, age_completed=5)
    field.records(["counted"] * count, institution_id=institution_id)


def handed_back(field: Field) -> None:
    field.con.execute("UPDATE device SET returned_on = '2021-11-01', cases_left_count = 0")


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path, NIGHT)
    ready(made)
    return made


def test_where_all_is_well_nothing_is_said(field: Field) -> None:
    counted(field, 50)
    assert found(field) == []


@pytest.mark.parametrize(
    ("day", "severity"),
    [(date(2021, 10, 3), None), (date(2021, 10, 4), "amber"), (date(2021, 10, 7), "amber"), (date(2021, 10, 8), "red")],
)
def test_nothing_received_is_amber_from_4_and_red_from_8_october(
    tmp_path: Path, day: date, severity: str | None
) -> None:
    field = Field(tmp_path, datetime(day.year, day.month, day.day - 1, 21, tzinfo=UTC))
    ready(field)
    rows = found(field, "NOTHING_RECEIVED")
    assert [row["severity"] for row in rows] == ([severity] if severity else [])
    assert all((row["person_count"], row["measured"]) == (50, int(f"{day:%Y%m%d}")) for row in rows)


def test_an_empty_site_that_sends_nothing_does_not_alarm(field: Field) -> None:
    counted(field, 50)
    ready(field, "E", count=0)
    assert found(field) == []


SHORT, OVER = "COUNT_SHORT", "COUNT_OVER"


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        # amber from max(2, 1.5), red from max(3, 2.5)
        (50, {49: None, 48: (SHORT, "amber"), 47: (SHORT, "red"), 53: (OVER, "red")}),
        # amber from 5.97, red from 9.95
        (199, {194: None, 193: (SHORT, "amber"), 190: (SHORT, "amber"), 189: (SHORT, "red")}),
    ],
    ids=["in a small house persons decide", "in a large house the share decides"],
)
def test_counted_and_expected_may_differ_by_less_than_two_or_three_persons_or_percent(
    tmp_path: Path, expected: int, said: dict[int, tuple[str, str] | None]
) -> None:
    field = Field(tmp_path, INTERVIEWS_OVER)
    for house, count in zip("ABCD", said, strict=True):
        ready(field, house, count=expected)
        counted(field, count, house)
    differing = {
        row["institution_id"]: (row["kind"], row["severity"]) for row in found(field) if row["kind"] in (SHORT, OVER)
    }
    assert [differing.get(house) for house in "ABCD"] == list(said.values())


@pytest.mark.parametrize(("count", "severity"), [(40, None), (53, "red")])
def test_while_interviews_go_on_too_few_are_work_left_and_too_many_are_wrong(
    field: Field, count: int, severity: str | None
) -> None:
    counted(field, count)
    assert [row["severity"] for row in found(field) if row["kind"].startswith("COUNT_")] == (
        [severity] if severity else []
    )


def test_a_training_case_is_nothing_received(tmp_path: Path) -> None:
    field = Field(tmp_path, INTERVIEWS_OVER)
    ready(field)
    field.records(["out_of_scope"], reason="TRAINING", is_training=True)
    kinds = {row["kind"] for row in found(field)}
    assert "NOTHING_RECEIVED" in kinds
    assert "COUNT_SHORT" not in kinds


def test_where_another_sent_the_people_they_are_too_few_and_not_nobody(tmp_path: Path) -> None:
    said = {}
    for night in (NIGHT, INTERVIEWS_OVER):
        field = Field(tmp_path / f"{night:%m}", night)
        ready(field)
        ready(field, "B", count=0)
        field.people(10, usual="A", present="A", is_proxy=True, age_completed=5)
        field.records(["counted"] * 10, institution_id="B")
        field.outcomes(["COUNTED"] * 10 + ["NOT_FOUND"] * 40)
        field.con.execute("UPDATE device SET issued_on = '2021-10-08'")
        told = {(row["kind"], row["person_count"]) for row in found(field) if row["institution_id"] == "A"}
        said[night.month] = {kind for kind in told if not kind[0].startswith("TABLET")}
        parts = {row["kind"] for row in field.rows("FROM discrepancy_part")}
        assert "NOTHING_RECEIVED" not in {kind for kind, _ in told} | parts
        assert ("COUNT_SHORT" in parts) == (night == INTERVIEWS_OVER)  # for the entries that are open
    assert said == {10: {("INSTITUTION_SILENT", 40)}, 11: {("OMISSION", 40)}}


def test_messages_come_in_three_languages_with_their_numbers(field: Field) -> None:
    counted(field, 53)
    [row] = found(field, "COUNT_OVER")
    assert row["message_en"] == "3 more are counted than expected (limit 3)."
    assert row["message_ru"] == "Учтено больше, чем ожидалось, на 3 (предел 3)."
    assert row["message_kk"].startswith("Күтілгеннен 3 артық")
    assert "`sanaq review`" in row["todo_en"]
    assert (row["owner"], row["unit"], row["subject_kind"], row["subject_id"]) == (
        "DEPARTMENT",
        "persons",
        "institution",
        "A",
    )


def test_an_id_stays_from_night_to_night_while_numbers_and_colour_change(tmp_path: Path) -> None:
    ids = set()
    for night, count in ((10, 52), (11, 60)):
        field = Field(tmp_path, datetime(2021, 10, night, 21, tzinfo=UTC))
        ready(field)
        counted(field, count)
        [row] = found(field, "COUNT_OVER")
        ids.add((row["discrepancy_id"], row["since_at"]))
    assert len(ids) == 1


def test_red_before_amber_then_by_persons(field: Field) -> None:
    for institution_id, count in (("B", 60), ("C", 52), ("D", 70)):
        ready(field, institution_id)
        counted(field, count, institution_id)
    counted(field, 50)
    assert [(row["severity"], row["institution_id"]) for row in found(field)] == [
        ("red", "D"),
        ("red", "B"),
        ("amber", "C"),
    ]


@pytest.mark.parametrize(
    ("day", "severity"),
    [
        ("2021-08-01", None),
        ("2021-10-30", None),
        ("2021-10-31", "amber"),
        ("2021-11-02", "amber"),
        ("2021-11-03", "red"),
    ],
)
def test_an_entry_without_an_outcome_is_no_omission_while_interviews_go_on(
    tmp_path: Path, day: str, severity: str | None
) -> None:
    field = Field(tmp_path, datetime.fromisoformat(f"{day}T02:00:00+05:00").astimezone(UTC))
    ready(field)
    counted(field, 50)
    field.outcomes(["NOT_FOUND"] * 5 + ["COUNTED"] * 45)
    due = {"amber": date(2021, 11, 5), "red": date(2021, 11, 3)}
    wanted = [(severity, due[severity])] if severity else []
    assert [(row["severity"], row["due_on"]) for row in found(field, "OMISSION")] == wanted


def test_entries_of_a_closed_site_are_missed_and_nobody_is_awaited_there(tmp_path: Path) -> None:
    said = {}
    for night in (NIGHT, INTERVIEWS_OVER):
        field = Field(tmp_path / f"{night:%m}", night)
        ready(field, closed_on="2021-08-01")
        handed_back(field) if night == INTERVIEWS_OVER else None
        field.outcomes(["NOT_FOUND"] * 5 + ["COUNTED"] * 45)
        said[night.month] = [(row["kind"], row["institution_id"], row["person_count"]) for row in field.discrepancies()]
    assert said == {10: [], 11: [("OMISSION", "A", 5)]}


def test_shares_are_written_as_percentages(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 11, 1, tzinfo=UTC))
    ready(field)
    counted(field, 50)
    field.outcomes(["NOT_FOUND"] + ["COUNTED"] * 24)
    [row] = found(field)
    assert row["message_en"] == "1 list entries have no outcome: 4.0 % of the list (limit 2.0 %)."
    for language in ("kk", "ru"):
        assert "4,0 %" in row[f"message_{language}"]


def test_quarantine_by_share_and_by_age(field: Field) -> None:
    counted(field, 50)
    field.records(["quarantined"], received_at="2021-10-07 20:00")  # 49 hours ago
    [row] = found(field)  # 2 % of what came, too: one cause
    assert (row["kind"], row["severity"], row["age_hours"]) == ("QUARANTINE_AGE", "amber", 49)
    field.records(["quarantined"] * 2, received_at="2021-10-09 20:00")
    assert [(row["kind"], row["severity"]) for row in found(field)] == [
        ("QUARANTINE_SHARE", "red"),
        ("QUARANTINE_AGE", "amber"),
    ]


def test_what_was_decided_is_no_longer_held(field: Field) -> None:
    counted(field, 50)
    field.records(["quarantined"] * 40, received_at="2021-10-01")
    field.con.execute("UPDATE record_state SET is_settled = TRUE WHERE state = 'quarantined'")
    assert found(field) == []
    field.records(["quarantined"], received_at="2021-10-07 20:00")
    assert [(row["kind"], row["person_count"]) for row in found(field)] == [("QUARANTINE_AGE", 1)]
    field.records(["quarantined"] * 2, received_at="2021-10-07 20:00")
    rows = {row["kind"]: row for row in found(field)}
    assert float(rows["QUARANTINE_SHARE"]["measured"]) == pytest.approx(3 / 93, abs=1e-4)


def test_what_is_held_for_its_form_is_not_said_twice(field: Field) -> None:
    counted(field, 50)
    held = {
        "reason": "R-FORM-NOT-APPROVED",
        "form_code": "F3_PERSON",
        "form_version": "2019.1",
        "received_at": "2021-10-07 20:00",
    }
    field.records(["quarantined"] * 10, **held)
    assert [row["kind"] for row in found(field)] == ["FORM_NOT_APPROVED"]
    field.records(["quarantined"], received_at="2021-10-01")
    assert {row["kind"] for row in found(field)} == {"FORM_NOT_APPROVED", "QUARANTINE_AGE"}


@pytest.mark.parametrize(
    ("night", "said"),
    [
        ("2021-10-05", {}),  # four days after the 1st, on which W was heard, and on which interviews began
        ("2021-10-06", {"W": ("amber", 5), "T": ("amber", 5)}),
        ("2021-10-18", {"T": ("red", 17)}),  # the portal is closed
        ("2021-10-25", {"W": ("amber", 5), "T": ("red", 24)}),  # open again since 23:00 of the 20th
        ("2021-10-31", {}),  # interviews are over
    ],
)
def test_who_sent_something_and_then_nothing_while_entries_are_open_is_silent(
    tmp_path: Path, night: str, said: dict[str, tuple[str, int]]
) -> None:
    field = Field(tmp_path, datetime.fromisoformat(f"{night}T02:00:00+05:00").astimezone(UTC))
    for site, heard_at in {"W": "2021-10-01 10:00", "T": "2021-09-03 10:00", "DONE": "2021-09-03 10:00"}.items():
        field.institution(site, is_web_only=site != "T")
        field.records(["counted"], site, received_at=heard_at)
        field.records(["repeated"], site, received_at=f"{night} 00:00")  # what came again is nothing new
        field.outcomes(["COUNTED" if site == "DONE" else "NOT_FOUND"], site)
    rows = found(field, "INSTITUTION_SILENT")
    assert {row["institution_id"]: (row["severity"], row["measured"]) for row in rows} == said
    assert {row["person_count"] for row in rows} <= {1}


def test_of_a_silent_site_the_silent_tablet_is_named(field: Field) -> None:
    counted(field, 50)
    field.con.execute("UPDATE record_state SET received_at = '2021-10-04 10:00'")
    field.outcomes(["COUNTED"] * 99 + ["NOT_FOUND"])
    field.add("batch", batch_id="v", route="tablet_vpn", device_id="TA", institution_id="A", record_count=0,
              received_at="2021-10-04 10:00")  # fmt: skip
    assert [row["kind"] for row in found(field)] == ["TABLET_SILENT"]
    assert [row["kind"] for row in field.rows("FROM discrepancy_part")] == ["INSTITUTION_SILENT"]


def test_where_nothing_was_received_neither_open_entries_nor_silent_tablets_are_said_apart(field: Field) -> None:
    field.con.execute("UPDATE device SET issued_on = '2021-09-25'")
    field.outcomes(["NOT_FOUND"] * 50)
    assert [row["kind"] for row in found(field)] == ["NOTHING_RECEIVED"]
    assert field.rows("SELECT kind, subject_id, person_count FROM discrepancy_part") == [
        {"kind": "TABLET_SILENT", "subject_id": "TA", "person_count": 50}
    ]


def test_what_arrives_after_the_close_grows_old_and_rises_though_counts_stand_still(tmp_path: Path) -> None:
    # closed on 4 November, 21:00 UTC; one batch on the 20th at noon, due in ten days: 30 November
    said = {}
    for day in (date(2021, 11, 30), date(2021, 12, 1), date(2021, 12, 10)):
        field = Field(tmp_path, INTERVIEWS_OVER, seen_at=datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
        late = {"batch_id": "late", "route": "portal", "received_at": "2021-11-20T12:00:00+00:00", "files": []}
        field.late_batches = [late]
        register_closing(field)
        [row] = found(field, "ARRIVED_AFTER_CLOSE")
        said[day.day] = (row["age_hours"], row["due_on"] < day, row["owner"])
    assert said == {
        30: (9 * 24 + 14, False, "DEPARTMENT"),
        1: (10 * 24 + 14, True, "DEPARTMENT"),
        10: (19 * 24 + 14, True, "REGIONAL_COMMISSION"),
    }


def test_what_waits_grows_old_after_the_close_too(tmp_path: Path) -> None:
    def measured(seen_at: datetime) -> dict[str, int]:
        field = Field(tmp_path / f"{seen_at:%m%d}", INTERVIEWS_OVER, seen_at=seen_at)
        ready(field)
        field.records(["quarantined"], received_at="2021-10-30")
        return {row["kind"]: row["measured"] for row in found(field)}

    old = measured(INTERVIEWS_OVER)
    new = measured(INTERVIEWS_OVER + timedelta(days=60))
    assert {kind: new[kind] - old[kind] for kind in ("TABLET_NOT_RETURNED", "QUARANTINE_AGE")} == {
        "TABLET_NOT_RETURNED": 60, "QUARANTINE_AGE": 1440,
    }  # fmt: skip
    assert "VERIFICATION_MISSING" in new.keys() - old.keys()


def test_too_few_are_counted_for_the_entries_that_are_open_and_no_reason_beside(tmp_path: Path) -> None:
    field = Field(tmp_path, INTERVIEWS_OVER)
    ready(field)
    handed_back(field)
    counted(field, 45)
    field.outcomes(["NOT_FOUND"] * 5 + ["COUNTED"] * 45)
    assert [row["kind"] for row in found(field)] == ["OMISSION"]
    field.con.execute(
        "UPDATE list_match SET outcome = 'COUNTED' WHERE match_id IN (SELECT match_id FROM list_match WHERE outcome = 'NOT_FOUND' LIMIT 3)"
    )
    assert [row["kind"] for row in found(field)] == ["COUNT_SHORT", "OMISSION"]


@pytest.mark.parametrize(("as_of", "kinds"), [(NIGHT, ["DUPLICATES"]), (INTERVIEWS_OVER, [])])
def test_what_cannot_be_undone_is_said_while_interviews_go_on_and_stands_in_nobodys_way_afterwards(
    tmp_path: Path, as_of: datetime, kinds: list[str]
) -> None:
    field = Field(tmp_path, as_of)
    ready(field)
    handed_back(field)
    counted(field, 50)
    field.records(["duplicate"] * 4)
    assert [row["kind"] for row in found(field)] == kinds


def test_one_iin_on_several_people_tells_the_place_and_never_the_number(field: Field) -> None:
    counted(field, 50)
    for number, record in enumerate(field.rows("SELECT record_id FROM record LIMIT 4")):
        values = {"iin": "100505600011" if number < 3 else "100505600022", "institution_id": "A"}
        field.add("respondent", record_id=record["record_id"], **values)
        field.add("person_record", record_id=record["record_id"], person_id=f"p{number}")
    [row] = found(field)
    assert (row["kind"], row["severity"], row["measured"], row["person_count"]) == ("IIN_SHARED", "red", 3, 3)
    assert "100505600011" not in str(row)


def test_one_iin_is_shared_since_its_second_person_came(field: Field) -> None:
    for number, record in enumerate(field.records(["counted"] * 4)):
        field.add("respondent", record_id=record, iin="100505600011", institution_id="A")
        field.add("person_record", record_id=record, person_id=f"p{max(number, 1)}")  # two records are of one
        field.con.execute(f"UPDATE record_state SET received_at = '2021-10-0{number + 2}' WHERE record_id = '{record}'")
    assert [row["since_at"].day for row in found(field, "IIN_SHARED")] == [4]


def test_too_many_are_counted_since_the_first_who_is_one_too_many(field: Field) -> None:
    for day, count in ((1, 50), (4, 2), (7, 1)):
        field.people(count, usual="A", present="A", is_proxy=True, age_completed=5, received_at=f"2021-10-0{day}")
    field.records(["counted"] * 53, received_at="2021-10-01")
    assert [(row["measured"], row["since_at"].day) for row in found(field, "COUNT_OVER")] == [(3, 4)]


def test_proxies_are_held_against_the_baseline_of_the_category(field: Field) -> None:
    counted(field, 50)
    ready(field, "K", category_code="SOCSERV", count=40)  # usual there: 20 to 50 %
    field.people(28, usual="K", present="K", is_proxy=True, age_completed=70)
    field.people(12, usual="K", present="K", is_proxy=False, age_completed=70)
    field.people(
        1, usual="K", present="K", is_proxy=True, age_completed=70, proxy_reason="LEFT"
    )  # nobody could have asked
    field.records(["counted"] * 40, institution_id="K")
    [row] = found(field)  # 70 %: twenty points above
    assert (row["kind"], row["severity"], float(row["measured"])) == ("PROXY_UNUSUAL", "amber", 0.2)


def test_the_children_of_a_hospital_are_not_held_against_its_adults(field: Field) -> None:
    counted(field, 50)
    ready(field, "H", category_code="INPAT", count=40)  # usual there: 10 to 20 %
    field.people(20, usual=None, present="H", is_proxy=True, age_completed=13, basis="present_only")
    field.people(3, usual=None, present="H", is_proxy=True, age_completed=14, basis="present_only")
    field.people(17, usual=None, present="H", is_proxy=False, age_completed=40, basis="present_only")
    field.records(["counted"] * 40, institution_id="H")
    assert found(field, "PROXY_UNUSUAL") == []
    field.people(5, usual=None, present="H", is_proxy=True, age_completed=40, basis="present_only")
    assert [row["severity"] for row in found(field, "PROXY_UNUSUAL")] == ["amber"]  # 8 of 25


def test_a_baby_home_where_all_answers_are_given_by_others_does_not_alarm(field: Field) -> None:
    counted(field, 50)
    ready(field, "Y", category_code="BABY", count=30)
    counted(field, 30, "Y")
    assert found(field) == []


def test_a_gap_in_a_control_total_counts_from_its_first_day(field: Field) -> None:
    counted(field, 50)
    field.add("batch", batch_id="v", route="tablet_vpn", device_id="TA", institution_id="A", received_at="2021-10-08 20:00", record_count=0,
              declared_count=3)  # fmt: skip
    [row] = found(field)
    assert (row["kind"], row["severity"], row["age_hours"], row["person_count"]) == ("CONTROL_GAP", "amber", 25, 3)
    assert (row["subject_kind"], row["subject_id"], row["due_on"]) == ("tablet", "TA", date(2021, 10, 11))
    field.add("batch", batch_id="w", route="tablet_vpn", device_id="TA", institution_id="A", received_at="2021-10-08 21:00", record_count=0,
              declared_count=4)  # fmt: skip
    assert [(row["subject_id"], row["person_count"]) for row in found(field)] == [("TA", 7)]  # one tablet, one row


def test_a_gap_keeps_its_id_while_what_came_names_other_institutions(field: Field) -> None:
    field.institution("0")
    sent = {"route": "tablet_vpn", "device_id": "TA", "record_count": 0, "created_count": 2}
    ids = []
    for batch_id, institution_id in (("v", "A"), ("w", "0")):
        field.add("batch", batch_id=batch_id, institution_id=institution_id, received_at="2021-10-08 20:00", **sent)
        ids.append([(row["discrepancy_id"], row["institution_id"]) for row in found(field, "CONTROL_GAP")])
    assert ids[0] == ids[1]
    assert [institution_id for _, institution_id in ids[0]] == ["A"]


def given(field: Field, case_id: str, version: int, digest: str, **more: object) -> None:
    """Let the Census Database have given a line."""
    field.add("record", record_id=f"c-{digest}", batch_id="c", route="census_db", received_at="2021-10-05", record_no=1,
              case_id=case_id, case_version=version, bytes_sha256=digest, **more)  # fmt: skip


def gone(field: Field, *digests: str) -> None:
    """Let the newest sweep have missed these lines, and no others."""
    field.con.execute("DELETE FROM census_db_sweep")
    for number, digest in enumerate(digests):
        field.add("census_db_sweep", bytes_sha256=digest, gone_at=f"2021-10-0{6 + number} 21:00")


def test_what_the_census_database_lost_is_told_until_it_is_back(field: Field) -> None:
    given(field, "k1", 1, "one")
    given(field, "k2", 1, "two")
    assert found(field, "CENSUS_DB_GONE") == []
    gone(field, "two", "one")
    [row] = found(field, "CENSUS_DB_GONE")
    assert (row["severity"], row["person_count"], row["subject_id"]) == ("amber", 2, "census_db")
    assert row["since_at"].isoformat() == "2021-10-06T21:00:00"
    assert (row["institution_id"], row["owner"]) == ("UNKNOWN", "DEPARTMENT")
    gone(field, "one")
    assert [row["person_count"] for row in found(field, "CENSUS_DB_GONE")] == [1]
    gone(field)
    assert found(field, "CENSUS_DB_GONE") == []


def test_a_row_changed_in_place_or_followed_by_a_newer_version_is_not_lost(field: Field) -> None:
    given(field, "k1", 1, "before")
    given(field, "k1", 1, "after")
    given(field, "k2", 1, "first")
    given(field, "k2", 2, "second")
    gone(field, "before", "first")
    assert found(field, "CENSUS_DB_GONE") == []
    gone(field, "before", "second")  # the older version alone is there again: the newest answers are lost
    assert [row["person_count"] for row in found(field, "CENSUS_DB_GONE")] == [1]


@pytest.mark.parametrize("nobody", [{"case_status": "withdrawn"}, {"is_training": True}])
def test_a_lost_row_whose_newest_version_speaks_of_nobody_is_nobody_lost(
    field: Field, nobody: dict[str, object]
) -> None:
    given(field, "k1", 1, "first")
    given(field, "k1", 2, "second", **nobody)
    gone(field, "first", "second")
    assert found(field, "CENSUS_DB_GONE") == []


def test_a_lost_row_is_lost_whatever_draft_has_a_higher_version(field: Field) -> None:
    given(field, "k1", 1, "first")
    given(field, "k1", 2, "second", case_status="draft")
    gone(field, "second")
    assert found(field, "CENSUS_DB_GONE") == []
    gone(field, "first")
    assert [row["person_count"] for row in found(field, "CENSUS_DB_GONE")] == [1]


def silent(field: Field) -> dict[str, tuple[str, int]]:
    return {row["subject_id"]: (row["severity"], int(row["measured"])) for row in found(field, "ROUTE_SILENT")}


def test_a_route_that_never_came_is_silent_since_its_window_opened(field: Field) -> None:
    field.outcomes(["NOT_FOUND"])
    hours = {"portal": 39 * 24 + 3, "census_db": 39 * 24 + 3, "tablet_vpn": 9 * 24 + 2}
    assert silent(field) == {route: ("red", count) for route, count in hours.items()}


@pytest.mark.parametrize(("hours", "severity"), [(23, None), (24, "amber"), (71, "amber"), (72, "red")])
def test_a_route_is_silent_after_a_day_and_cannot_wait_after_three(
    field: Field, hours: int, severity: str | None
) -> None:
    field.outcomes(["NOT_FOUND"])
    for route in ("portal", "census_db", "tablet_vpn"):
        at = NIGHT.replace(tzinfo=None) - timedelta(hours=hours if route == "portal" else 1)
        for number, received_at in enumerate((NIGHT.replace(tzinfo=None) - timedelta(days=30), at)):
            field.add("batch", batch_id=f"{route}{number}", route=route, received_at=received_at, record_count=0)
            field.add(
                "record",
                record_id=f"{route}{number}-1",
                batch_id=f"{route}{number}",
                route=route,
                received_at=received_at,
                record_no=1,
            )
    assert silent(field) == ({"portal": (severity, hours)} if severity else {})


def test_a_search_that_only_found_rows_gone_does_not_break_the_silence_of_the_census_database(field: Field) -> None:
    field.outcomes(["NOT_FOUND"])
    waited = silent(field)["census_db"]
    at = NIGHT.replace(tzinfo=None) - timedelta(hours=1)
    field.add("batch", batch_id="sweep", route="census_db", received_at=at, record_count=0)
    assert silent(field)["census_db"] == waited


@pytest.mark.parametrize(
    ("as_of", "routes"),
    [
        (datetime(2021, 8, 30, tzinfo=UTC), set()),
        (datetime(2021, 9, 20, tzinfo=UTC), {"portal", "census_db"}),
        (datetime(2021, 10, 18, tzinfo=UTC), {"tablet_vpn", "census_db"}),  # the portal is closed for some days
        (datetime(2021, 11, 2, tzinfo=UTC), set()),
    ],
)
def test_nothing_is_missed_on_a_route_whose_windows_are_closed(
    tmp_path: Path, as_of: datetime, routes: set[str]
) -> None:
    field = Field(tmp_path, as_of)
    ready(field)
    field.outcomes(["NOT_FOUND"])
    assert silent(field).keys() == routes


def test_a_route_over_which_nobody_is_awaited_is_not_silent(field: Field) -> None:
    field.outcomes(["COUNTED"] * 50)
    assert silent(field) == {}
    field.outcomes(["NOT_FOUND"])
    assert silent(field).keys() == {"portal", "census_db", "tablet_vpn"}
    field.add("batch", batch_id="u", device_id="TA", route="tablet_usb", received_at="2021-10-05 10:00", copied_at="2021-10-05 09:00", record_count=0)  # fmt: skip
    assert silent(field).keys() == {"portal", "census_db"}  # nothing was ever sent from the only tablet


def test_where_no_list_came_whoever_is_expected_is_awaited(field: Field) -> None:
    counted(field, 30)  # of fifty by the headcount
    assert {row["subject_id"]: row["person_count"] for row in found(field, "ROUTE_SILENT")} == {
        "portal": 20, "census_db": 20, "tablet_vpn": 20,
    }  # fmt: skip
    counted(field, 20)
    assert silent(field) == {}


def test_a_silent_tablet_matters_where_no_list_came_and_people_are_expected(field: Field) -> None:
    counted(field, 30)  # of fifty by the headcount
    assert [row["person_count"] for row in found(field, "TABLET_SILENT")] == [20]
    assert field.rows("SELECT kind, person_count FROM discrepancy_part") == [
        {"kind": "INSTITUTION_SILENT", "person_count": 20}
    ]
    counted(field, 20)
    assert found(field, "TABLET_SILENT") == []


def test_a_silent_tablet_matters_only_while_entries_are_open(field: Field) -> None:
    counted(field, 50)
    field.con.execute("UPDATE device SET issued_on = '2021-09-25'")
    field.outcomes(["COUNTED"] * 99)
    assert found(field) == []
    field.outcomes(["NOT_FOUND"])
    [row] = found(field)  # nothing since tablets began on 1 October
    assert (row["kind"], row["severity"], row["measured"], row["subject_id"]) == ("TABLET_SILENT", "red", 9, "TA")


@pytest.mark.parametrize(
    ("copied_at", "severity"), [("2021-10-07 22:00", None), ("2021-10-07 20:00", "amber"), ("2021-10-06 20:00", "red")]
)
def test_a_tablet_without_vpn_must_be_unloaded_within_two_days_while_entries_are_open(
    field: Field, copied_at: str, severity: str | None
) -> None:
    counted(field, 50)
    field.con.execute("UPDATE device SET issued_on = '2021-09-25'")
    field.outcomes(["COUNTED"] * 99 + ["NOT_FOUND"])
    field.add("employee", employee_id="DEP-1")
    field.add("medium", medium_id="USB-1", employee_id="DEP-1")
    field.add("batch", batch_id="u", route="tablet_usb", device_id="TA", medium_id="USB-1", custody_employee_id="DEP-1", institution_id="A",
              record_count=0, copied_at=copied_at, received_at="2021-10-09 20:00")  # fmt: skip
    wanted = [("TABLET_NOT_UNLOADED", "TA", severity)] if severity else []
    assert [
        (row["kind"], row["subject_id"], row["severity"]) for row in found(field) if row["kind"].startswith("TABLET")
    ] == wanted
    field.outcomes(["COUNTED"])
    field.con.execute("UPDATE list_match SET outcome = 'COUNTED'")
    assert found(field, "TABLET_NOT_UNLOADED") == []


def test_a_bundle_that_is_not_believed_breaks_no_silence(field: Field) -> None:
    counted(field, 50)
    field.con.execute("UPDATE device SET issued_on = '2021-09-25'")
    field.outcomes(["COUNTED"] * 99 + ["NOT_FOUND"])
    field.add("batch", batch_id="x", route="tablet_vpn", device_id="TA", institution_id="A", received_at="2021-10-09", record_count=0,
              seal_fault="KEY_UNKNOWN")  # fmt: skip
    assert ("TABLET_SILENT", 9) in {(row["kind"], row["measured"]) for row in found(field)}


def test_what_the_register_does_not_know_is_never_named(field: Field) -> None:
    counted(field, 50)
    stranger = {"institution_id": "SekretbekovaAigerim", "route": "tablet_usb"}
    custody = {"problems": ["CUSTODY_REASON"]}
    for number in (1, 2):
        field.add("batch", batch_id=f"u{number}", device_id=f"Sekretbekova_{number}", medium_id=f"Sekretbekova.{number}", copied_at="2021-10-01",
                  received_at="2021-10-06", record_count=0, created_count=4, last_case_no=4, **stranger, **custody)  # fmt: skip
    forms = field.records(["counted"] * 12, **stranger, staff_id="Sekretbekova", started_at="2021-10-05 05:00",
                          completed_at="2021-10-05 05:01")  # fmt: skip
    for number, record_id in enumerate(forms):
        field.add("respondent", record_id=record_id, iin="850101300123", institution_id="SekretbekovaAigerim")
        field.add("person_record", record_id=record_id, person_id=f"p{number}")
    rows = found(field)
    assert "ekret" not in str(rows)
    assert {(row["kind"], row["institution_id"], row["subject_id"]) for row in rows} == {
        (kind, "UNKNOWN", "UNKNOWN")
        for kind in ("CONTROL_GAP", "CUSTODY_FAULT", "MEDIUM_LATE", "MEDIUM_NOT_OURS", "IIN_SHARED")
    }
    assert "ekret" not in str(field.rows("FROM sync_lag"))


def test_a_medium_must_be_loaded_within_two_days(field: Field) -> None:
    counted(field, 50)
    field.add("employee", employee_id="DEP-1")
    field.add("medium", medium_id="USB-1", employee_id="DEP-1")
    field.add("batch", batch_id="u", route="tablet_usb", medium_id="USB-1", custody_employee_id="DEP-1", institution_id="A", record_count=0,
              copied_at="2021-10-01", loaded_at="2021-10-03 02:00", received_at="2021-10-03 03:00")  # fmt: skip
    [row] = found(field)
    assert (row["kind"], row["severity"], row["subject_id"], row["message_en"]) == (
        "MEDIUM_LATE", "amber", "USB-1", "The medium was loaded 50 h after it was written (limit 48 h).",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("custody", "kinds"),
    [
        ({"medium_id": "USB-1", "custody_employee_id": "DEP-1"}, []),
        ({"medium_id": "USB-1", "custody_employee_id": "DEP-2"}, ["MEDIUM_NOT_OURS"]),  # another's
        ({"medium_id": "USB-9", "custody_employee_id": "DEP-1"}, ["MEDIUM_NOT_OURS"]),  # nobody gave it out
        ({"medium_id": "USB-1"}, ["MEDIUM_NOT_OURS"]),
        ({"problems": ["NO_CUSTODY"]}, ["CUSTODY_FAULT"]),
        ({"problems": ["CUSTODY_UNREADABLE"]}, ["CUSTODY_FAULT"]),
    ],
)
def test_a_stick_of_anyone_else_is_flagged(field: Field, custody: dict[str, Any], kinds: list[str]) -> None:
    counted(field, 50)
    for employee_id in ("DEP-1", "DEP-2"):
        field.add("employee", employee_id=employee_id)
    field.add("medium", medium_id="USB-1", employee_id="DEP-1")
    stick = {
        "route": "tablet_usb",
        "institution_id": "A",
        "record_count": 3,
        "received_at": "2021-10-03",
        "problems": [],
    }
    field.add("batch", batch_id="u", **(stick | custody))
    assert [row["kind"] for row in found(field)] == kinds


def test_custody_records_that_do_not_fit_are_one_line_of_the_stick(field: Field) -> None:
    counted(field, 50)
    field.add("employee", employee_id="DEP-1")
    field.add("medium", medium_id="USB-1", employee_id="DEP-1")
    for number, problems in enumerate(
        (["CUSTODY_REASON", "CUSTODY_TABLET"], ["CUSTODY_DIFFERS"], [], ["SUBMISSIONS_DIFFER"])
    ):
        field.add("batch", batch_id=f"u{number}", route="tablet_usb", institution_id="A", record_count=3, received_at="2021-10-03",
                  medium_id="USB-1", custody_employee_id="DEP-1", problems=problems)  # fmt: skip
    [row] = found(field)
    assert (row["kind"], row["severity"], row["subject_id"], row["measured"], row["person_count"]) == (
        "CUSTODY_FAULT",
        "amber",
        "USB-1",
        2,
        6,
    )


@pytest.mark.parametrize(
    ("kind", "custody"), [("CUSTODY_FAULT", {"problems": ["NO_CUSTODY"]}), ("MEDIUM_NOT_OURS", {"problems": []})]
)
@pytest.mark.parametrize(("day", "owners"), [(29, ["DEPARTMENT"]), (31, [])])
def test_who_carried_a_stick_and_what_was_written_of_it_cannot_be_mended_and_rises_to_nobody(
    tmp_path: Path, day: int, owners: list[str], kind: str, custody: dict[str, Any]
) -> None:
    field = Field(tmp_path, datetime(2021, 10, day, tzinfo=UTC))
    field.institution("A", "ORPH")
    field.add("batch", batch_id="u", route="tablet_usb", institution_id="A", record_count=3, received_at="2021-10-03",
              **custody)  # fmt: skip
    assert [row["owner"] for row in found(field, kind)] == owners


def bundle(field: Field, batch_id: str, lines: list[str], day: int = 3, **more: Any) -> None:
    """Let a bundle of a tablet land: its lines by their digests."""
    sent = {"batch_id": batch_id, "route": "tablet_vpn", "received_at": f"2021-10-{day:02d}", "institution_id": "A"}
    field.add("batch", **sent, **{"device_id": "TA", "record_count": len(lines), **more})
    for line in lines:
        field.add("record", record_id=f"{batch_id} {line}", bytes_sha256=line, **sent)


def test_a_bundle_whose_signature_does_not_hold_is_somebodys_task(field: Field) -> None:
    counted(field, 50)
    bundle(field, "v0", ["a", "b", "c"], seal_fault="BUNDLE_UNSIGNED")
    bundle(field, "v1", ["d"], seal_fault="KEY_UNKNOWN")
    bundle(field, "v2", ["e"])
    [row] = found(field)
    assert (row["kind"], row["severity"], row["subject_id"], row["owner"]) == (
        "BUNDLE_NOT_BELIEVED",
        "amber",
        "TA",
        "DEPARTMENT",
    )
    assert row["message_en"].startswith("Bundles not believed: 2, with 4 forms;")


@pytest.mark.parametrize(
    ("export", "is_told"),
    [
        ({"lines": ["a", "b"]}, False),  # the same lines
        ({"lines": ["a", "b", "c"], "day": 1, "device_id": "TB"}, False),  # before it, and wherever they came from
        ({"lines": ["a"]}, True),  # some of them
        ({"lines": ["a"], "proven_sha256": ["b"]}, False),  # what is no line is a survey tool's file
        ({"lines": ["a", "b"], "seal_fault": "BUNDLE_ALTERED"}, True),
        ({"lines": ["a", "x"], "created_count": 2}, False),  # another version of one, and none is wanting
        ({"lines": ["a", "x"], "created_count": 2, "day": 2}, True),  # counted before it was exported
        ({"lines": ["a", "x"], "created_count": 2, "sent_at": "2021-10-02"}, True),  # received later, exported earlier
        ({"lines": ["a", "x"], "created_count": 2, "sent_at": "2021-10-05"}, False),  # its clock is ahead
        (
            {"lines": ["a", "x"], "created_count": 2, "sent_at": "2021-10-05", "copied_at": "2021-10-02"},
            True,
        ),  # so it is
        ({"lines": ["a", "x"], "created_count": 2, "device_id": "TB"}, True),
        ({"lines": ["a", "x"], "created_count": 2, "seal_fault": "BUNDLE_ALTERED"}, True),
    ],
)
def test_a_bundle_is_not_asked_for_again_once_it_was_exported_again(
    field: Field, export: dict[str, Any], is_told: bool
) -> None:
    bundle(field, "bad", ["a", "b"], seal_fault="BUNDLE_UNSIGNED")
    bundle(field, "good", **{"day": 4, **export})
    assert any(row["since_at"].day == 3 for row in found(field, "BUNDLE_NOT_BELIEVED")) == is_told


def test_a_file_that_no_manifest_answers_for_proves_nothing(field: Field) -> None:
    bundle(field, "bad", ["a"], seal_fault="BUNDLE_UNSIGNED")
    bundle(field, "good", ["a"], day=4)
    assert found(field, "BUNDLE_NOT_BELIEVED") == []
    field.con.execute("UPDATE record SET read_error = 'UNKNOWN_FILE' WHERE batch_id = 'good'")
    assert len(found(field, "BUNDLE_NOT_BELIEVED")) == 1


def test_a_stray_folder_of_a_stick_is_no_bundle_to_be_sent_again(field: Field) -> None:
    bundle(field, "FOUND.000", ["a"], device_id=None, seal_fault="BUNDLE_UNSIGNED")
    assert len(found(field, "BUNDLE_NOT_BELIEVED")) == 1
    field.con.execute("UPDATE record SET read_error = 'UNKNOWN_FILE' WHERE batch_id = 'FOUND.000'")
    assert found(field, "BUNDLE_NOT_BELIEVED") == []


def test_what_a_better_export_lacks_is_a_gap_of_its_counters(field: Field) -> None:
    bundle(field, "bad", ["a", "b"], seal_fault="BUNDLE_UNSIGNED")
    bundle(field, "good", ["x"], day=4, created_count=2)
    field.con.execute("UPDATE record SET device_case_no = 1 WHERE batch_id = 'good'")
    assert found(field, "BUNDLE_NOT_BELIEVED") == []
    assert [(row["subject_id"], row["person_count"]) for row in found(field, "CONTROL_GAP")] == [("TA", 1)]


def test_what_a_torn_bundle_lacked_is_no_gap_once_the_tablet_exported_again(field: Field) -> None:
    stick = {
        "route": "tablet_usb",
        "medium_id": "USB-1",
        "custody_act_no": "17",
        "act_case_count": 3,
        "slot_count": 1,
        "declared_count": 3,
    }
    field.add("medium", medium_id="USB-1")
    field.add("batch_daily", batch_id="bad", counted_on="2021-10-02", declared_count=3)
    field.add(
        "batch",
        batch_id="bad",
        device_id="TA",
        institution_id="A",
        received_at="2021-10-03",
        seal_fault="BUNDLE_ALTERED",
        created_count=3,
        **stick,
    )
    assert {row["subject_kind"] for row in found(field, "CONTROL_GAP")} == {"tablet", "medium"}
    bundle(field, "good", ["a", "b", "c"], day=4, created_count=3, declared_count=3)
    field.con.execute("UPDATE record SET device_case_no = ascii(bytes_sha256) - 96 WHERE batch_id = 'good'")
    assert found(field, "CONTROL_GAP") == []


@pytest.mark.parametrize(
    ("revoked_on", "kind"),
    [
        ("2021-10-03", "BUNDLE_KEY_REVOKED"),
        ("2021-10-10", "BUNDLE_KEY_REVOKED"),  # today there, tomorrow in UTC
        ("2021-10-11", "BUNDLE_NOT_BELIEVED"),
    ],
)
@pytest.mark.parametrize("fault", ["KEY_REVOKED", "BUNDLE_UNSIGNED"])
def test_whom_a_tablet_with_a_revoked_key_had_is_to_be_asked_again(
    field: Field, fault: str, revoked_on: str, kind: str
) -> None:
    counted(field, 50)
    field.con.execute(f"UPDATE device SET key_revoked_on = '{revoked_on}'")
    bundle(field, "v", ["a", "b"], seal_fault=fault)
    [row] = found(field)
    assert (row["kind"], row["subject_id"], row["measured"], row["person_count"]) == (kind, "TA", 1, 2)


@pytest.mark.parametrize(("day", "is_told"), [(29, True), (31, False)])
def test_a_revoked_key_stands_in_the_way_of_no_close(tmp_path: Path, day: int, is_told: bool) -> None:
    field = Field(tmp_path, datetime(2021, 10, day, tzinfo=UTC))
    ready(field)
    field.con.execute("UPDATE device SET key_revoked_on = '2021-10-03'")
    for number in range(3):
        bundle(field, f"v{number}", [f"a{number}"], seal_fault="KEY_REVOKED")
    assert [row["severity"] for row in found(field, "BUNDLE_KEY_REVOKED")] == ["red"] * is_told
    assert found(field, "BUNDLE_NOT_BELIEVED") == []


def test_forms_filled_too_fast_and_too_many_a_day(field: Field) -> None:
    counted(field, 25)
    field.people(25, usual="A", present="A", is_proxy=True, age_completed=5)
    field.records(["counted"] * 25, staff_id="SA", started_at="2021-10-05 05:00", completed_at="2021-10-05 05:06")
    rows = {row["kind"]: row for row in found(field)}
    assert (rows["FORM_FAST"]["severity"], rows["FORM_FAST"]["measured"]) == ("amber", 6)
    assert (rows["FORMS_A_DAY"]["severity"], rows["FORMS_A_DAY"]["measured"]) == ("amber", 25)
    assert "SA" not in str(list(rows.values()))


def test_a_lag_on_the_protected_channel(field: Field) -> None:
    counted(field, 50)
    waited = {"route": "tablet_vpn", "completed_at": "2021-10-01 07:00"}  # received four days later
    field.records(["superseded"] * 3, **waited, synced_at="2021-10-01 08:00")
    assert found(field) == []  # sent within the hour: that we fetched it late is nobody's fault out there
    field.records(["superseded"] * 3, **waited, synced_at="2021-10-03 10:00")
    field.records(["superseded"] * 9, **waited | {"completed_at": "1970-01-01"}, synced_at="2021-10-03 10:00")
    [row] = found(field)
    assert str(row["since_at"]) == "2021-10-05 10:00:00"  # of every night: since the first that came
    assert (row["kind"], row["severity"], row["message_en"]) == (
        "VPN_LAG", "amber", "One case in twenty waits 51 h or more on the tablet before it is sent (limit 48 h).",
    )  # fmt: skip


def test_before_the_field_everything_missing_is_named(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 8, 20, tzinfo=UTC))
    field.institution("A", bin="1", governing_order="141/17; 25")
    field.institution("B", bin="1", governing_order=None, head_order_no=None)
    field.institution("C", governing_order="99/1", is_web_only=True)
    for site in ("D", "E"):
        field.institution(site, bin="2", site_no=None, governing_order="99/1", is_web_only=True)
    ready(field, "R")
    by_site: dict[str, set[str]] = {}
    for row in found(field):
        assert row["severity"] == "amber"  # the first window is not open yet
        by_site.setdefault(row["institution_id"], set()).add(row["kind"])
    unready = {"STAFF_UNTRAINED", "ROOM_MISSING", "COMPUTER_MISSING", "LIST_MISSING"}
    assert by_site["A"] == unready | {"SITE_TWICE", "ORDER_TWICE", "TABLET_MISSING"}
    assert by_site["B"] == unready | {"SITE_TWICE", "ORDER_MISSING", "HEAD_ORDER_MISSING", "TABLET_MISSING"}
    assert by_site["C"] == unready | {"ORDER_OTHER"}
    assert by_site["D"] == by_site["E"] == unready | {"ORDER_OTHER", "SITE_TWICE"}


def test_what_is_not_ready_is_due_before_the_field_and_has_an_owner(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 8, 20, tzinfo=UTC))
    field.institution("A", head_order_no=None)
    ready(field, "R")
    rows = {row["kind"]: row for row in found(field)}
    opened, tablets = date(2021, 9, 1), date(2021, 10, 1)
    for kind in ("HEAD_ORDER_MISSING", "STAFF_UNTRAINED", "ROOM_MISSING", "COMPUTER_MISSING", "LIST_MISSING"):
        assert (rows[kind]["owner"], rows[kind]["due_on"] < opened) == ("HEAD", True)
    assert (rows["TABLET_MISSING"]["owner"], opened < rows["TABLET_MISSING"]["due_on"] < tablets) == (
        "DEPARTMENT",
        True,
    )


@pytest.mark.parametrize(
    ("night", "said"),
    [
        ("2021-08-16T23:59:00+05:00", {}),
        (
            "2021-08-17T00:01:00+05:00",
            {"LIST_MISSING": -14, "TABLET_MISSING": -45},
        ),  # of 31 August, 23:00, and of 1 October
    ],
)
def test_days_before_the_field_are_local_days(tmp_path: Path, night: str, said: dict[str, int]) -> None:
    field = Field(tmp_path, datetime.fromisoformat(night).astimezone(UTC))
    field.institution("A")
    rows = [row for row in found(field) if row["kind"] in ("LIST_MISSING", "TABLET_MISSING")]
    assert {row["kind"]: row["measured"] for row in rows} == said
    assert {str(row["since_at"]) for row in rows} <= {"2021-08-16 19:00:00"}


def test_who_lost_the_only_tablet_has_none(field: Field) -> None:
    assert found(field, "TABLET_MISSING") == []
    field.con.execute("UPDATE device SET lost_on = '2021-10-05'")
    [row] = found(field, "TABLET_MISSING")
    assert (row["institution_id"], str(row["since_at"])) == ("A", "2021-10-04 19:00:00")  # midnight in Aqtau


def test_once_the_field_is_open_what_is_not_ready_is_overdue(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 9, 1, tzinfo=UTC))
    field.institution("A", head_order_no=None)
    [row] = found(field, "HEAD_ORDER_MISSING")
    assert (row["severity"], row["owner"], row["due_on"] < date(2021, 9, 1)) == ("red", "REGIONAL_COMMISSION", True)
    assert [row["severity"] for row in found(field, "TABLET_MISSING")] == ["amber"]  # not needed yet


def test_every_item_of_the_kit_counts(field: Field) -> None:
    for item in WHOLE:
        field.add(
            "device", device_id=item, institution_id="A", issued_on="2021-09-27", **{**WHOLE, item: None}, batch_id="r"
        )
    rows = found(field, "KIT_INCOMPLETE")
    assert {(row["subject_kind"], row["subject_id"], row["owner"]) for row in rows} == {
        ("tablet", item, "DEPARTMENT") for item in WHOLE
    }
    assert len(rows) == len(WHOLE)
    field.con.execute("UPDATE device SET issued_on = '2021-10-10' WHERE has_case IS NULL")
    late = {str(row["since_at"]) for row in found(field, "KIT_INCOMPLETE") if row["subject_id"] == "has_case"}
    assert late == {"2021-10-09 19:00:00"}


def test_a_tablet_of_which_nobody_wrote_when_it_was_issued_must_be_back_as_well(tmp_path: Path) -> None:
    field = Field(tmp_path, INTERVIEWS_OVER)
    ready(field)
    assert [row["subject_id"] for row in found(field, "TABLET_NOT_RETURNED")] == ["TA"]
    field.con.execute("UPDATE device SET issued_on = '2021-11-06'")
    assert found(field, "TABLET_NOT_RETURNED") == []
    field.con.execute("UPDATE device SET issued_on = NULL, lost_on = '2021-10-09'")
    assert found(field, "TABLET_NOT_RETURNED") == []  # nobody brings it back


@pytest.mark.parametrize(("day", "severity"), [(1, None), (3, "amber"), (7, "red")])
def test_a_tablet_must_be_back_after_the_interviews_and_then_is_balanced(
    tmp_path: Path, day: int, severity: str | None
) -> None:
    field = Field(tmp_path, datetime(2021, 11, day, 12, tzinfo=UTC))
    ready(field)
    field.con.execute("UPDATE device SET issued_on = '2021-09-27'")
    back = {"institution_id": "A", "issued_on": "2021-09-27", "returned_on": "2021-11-01", "batch_id": "r"}
    field.add("device", device_id="T8", cases_left_count=0, **back)
    field.add("device", device_id="T9", cases_left_count=2, **back)
    assert [(row["subject_id"], row["severity"]) for row in found(field, "TABLET_NOT_RETURNED")] == (
        [("TA", severity)] if severity else []
    )
    gaps = [(row["subject_id"], row["person_count"]) for row in found(field, "CONTROL_GAP")]
    assert gaps == ([("T9", 2)] if severity else [])  # a day is given for what is still on its way


def test_a_tablet_with_a_version_nobody_approved_is_named_until_it_is_back(field: Field) -> None:
    field.add("device", device_id="T8", institution_id="A", form_version="2019.1", batch_id="r")
    field.add(
        "device", device_id="T9", institution_id="A", form_version="2019.1", returned_on="2021-10-10", batch_id="r"
    )
    field.con.execute("UPDATE device SET form_version = '2021.1' WHERE device_id = 'TA'")
    [row] = found(field, "TABLET_FORM")
    assert (row["subject_id"], row["owner"]) == ("T8", "DEPARTMENT")


@pytest.mark.parametrize(
    ("form", "version", "name"),
    [
        ("F3_PERSON", "2019.1", "F3_PERSON 2019.1"),
        ("F3_PERSON", "Сапарова Айгүл", "F3_PERSON UNKNOWN"),
        ("F3_PERSON", None, "F3_PERSON UNKNOWN"),
        ("850101300123", "2021.1", "UNKNOWN"),
    ],
)
def test_an_unapproved_form_is_refused_by_its_name_and_by_no_other_word(
    field: Field, form: str, version: str | None, name: str
) -> None:
    field.records(["quarantined"] * 2, reason="R-FORM-NOT-APPROVED", form_code=form, form_version=version)
    [row] = found(field, "FORM_NOT_APPROVED")
    assert (row["subject_kind"], row["subject_id"], row["measured"], row["severity"]) == ("form", name, 2, "amber")


def test_a_whole_kit_and_a_tablet_that_is_back_are_nothing_to_do(field: Field) -> None:
    field.add("device", device_id="T8", institution_id="A", issued_on="2021-09-27", **WHOLE, batch_id="r")
    field.add(
        "device", device_id="T9", institution_id="A", issued_on="2021-09-27", returned_on="2021-10-10", batch_id="r"
    )
    for device_id, issued_on in (("T6", "2021-10-11"), ("T7", None)):  # to be handed out tomorrow; by no act
        field.add("device", device_id=device_id, institution_id="A", issued_on=issued_on, batch_id="r")
    assert found(field, "KIT_INCOMPLETE") == []


@pytest.mark.parametrize(
    ("day", "severity"), [("2021-09-09", None), ("2021-09-10", "amber"), ("2021-09-19", "amber"), ("2021-09-20", "red")]
)
def test_a_headcount_is_due_by_10_september(tmp_path: Path, day: str, severity: str | None) -> None:
    field = Field(tmp_path, datetime.fromisoformat(f"{day}T02:00:00+05:00").astimezone(UTC))
    ready(field)
    field.con.execute("DELETE FROM headcount")
    due = {"amber": date(2021, 9, 12), "red": date(2021, 9, 11)}
    wanted = [(severity, due[severity])] if severity else []
    assert [(row["severity"], row["due_on"]) for row in found(field, "HEADCOUNT_MISSING")] == wanted


def test_when_all_windows_have_closed_nobody_is_sent_for_a_room_or_a_tablet(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 11, 5, tzinfo=UTC))
    field.institution("A", bin="1", governing_order="141/17; 25")
    field.institution("B", bin="1", governing_order=None, head_order_no=None)
    kinds = {row["kind"] for row in found(field)}
    assert kinds == {
        "SITE_TWICE",
        "ORDER_TWICE",
        "ORDER_MISSING",
        "LIST_MISSING",
        "HEADCOUNT_MISSING",  # and E is not firm for that
    }


def test_nobody_waits_for_list_or_headcount_of_a_street_patrol(field: Field) -> None:
    counted(field, 50)
    field.institution("P", "HOMELESS_PATROL")
    kinds = {row["kind"] for row in found(field)}
    assert kinds == {"STAFF_UNTRAINED", "ROOM_MISSING", "COMPUTER_MISSING", "TABLET_MISSING"}


def test_a_register_without_seminars_or_premises_is_one_matter_of_the_department(field: Field) -> None:
    ready(field, "B", count=20)
    field.con.execute("UPDATE staff SET trained_on = NULL; DELETE FROM premises")
    rows = [row for row in found(field) if not row["kind"].startswith(("NOTHING", "TABLET"))]
    assert {(row["kind"], row["institution_id"], row["subject_kind"], row["subject_id"], row["person_count"]) for row in rows} == {
        ("SEMINARS_NOT_REGISTERED", "ALL", "register", "staff", 70),
        ("PREMISES_NOT_REGISTERED", "ALL", "register", "premises", 70),
    }  # fmt: skip
    assert rows[0]["owner"] in ("DEPARTMENT", "REGIONAL_COMMISSION", "DEPUTY_AKIM")


def test_who_sends_forms_has_a_room_and_a_computer(field: Field) -> None:
    ready(field, "B", count=0)
    field.con.execute("DELETE FROM premises WHERE institution_id = 'A'")
    assert {row["kind"] for row in found(field)} >= {"ROOM_MISSING", "COMPUTER_MISSING"}
    counted(field, 50)
    assert found(field) == []


def test_list_total_and_double_entries(field: Field) -> None:
    counted(field, 50)
    field.con.execute("UPDATE list SET declared_total = 53")
    rows = field.rows("SELECT entry_id FROM list_entry LIMIT 2")
    for row in rows:
        field.add(
            "list_match", match_id=row["entry_id"], institution_id="A", entry_id=row["entry_id"], outcome="DOUBLE_ENTRY"
        )
    field.add("list_across", institution_id="A", entry_count=4)
    assert {(row["kind"], row["subject_kind"], row["measured"]) for row in found(field)} == {
        ("LIST_TOTAL_DIFFERS", "list", 3),
        ("LIST_DOUBLES_ACROSS", "institution", 4),
        ("LIST_DOUBLES", "institution", 2),
    }
    field.con.execute(
        "DELETE FROM list_match WHERE match_id = (SELECT min(match_id) FROM list_match WHERE outcome = 'DOUBLE_ENTRY')"
    )
    assert found(field, "LIST_DOUBLES") == []  # one is a slip of the pen


def test_a_paper_that_makes_no_list_is_told_until_a_later_one_does_or_somebody_discards_it(field: Field) -> None:
    counted(field, 50)
    field.add("batch", batch_id="l", route="list", received_at="2021-08-02")
    for batch_id, day, site, state, count in (
        ("before", 1, "A", "unreadable", 1), ("l", 2, "A", "quarantined", 2), ("after", 3, "A", "quarantined", 2),
        ("torn", 4, "A", "unreadable", 1), ("strange", 3, "Z", "quarantined", 40),
    ):  # fmt: skip
        for number in range(count):
            field.add("intake_record", record_id=f"{batch_id} {number}", batch_id=batch_id, route="list", institution_id=site, state=state,
                      received_at=f"2021-08-{day:02d}")  # fmt: skip
    assert {(row["institution_id"], row["measured"], row["since_at"].day) for row in found(field, "LIST_HELD")} == {
        ("A", 3, 2),
        ("UNKNOWN", 1, 3),
    }
    field.con.execute(
        "INSERT INTO intake_discarded SELECT record_id FROM intake_record WHERE batch_id IN ('l', 'after', 'strange')"
    )
    assert [(row["institution_id"], row["since_at"].day) for row in found(field, "LIST_HELD")] == [("A", 4)]


@pytest.mark.parametrize(("as_of", "count"), [(NIGHT, 1), (INTERVIEWS_OVER, 0)])
def test_who_stands_on_two_lists_is_asked_for_until_the_windows_close(
    tmp_path: Path, as_of: datetime, count: int
) -> None:
    field = Field(tmp_path, as_of)
    ready(field)
    field.add("list_across", institution_id="A", entry_count=4)
    assert len(found(field, "LIST_DOUBLES_ACROSS")) == count


def test_every_kind_is_judged_by_a_threshold_of_the_round() -> None:
    catalogue = load_kinds(REFERENCE / "discrepancies.yaml")
    named = {name for kind in catalogue.kinds for name in (kind.alert, kind.least, kind.begins) if name}
    assert named <= set(ROUND.thresholds)
    assert {ROUND.thresholds[kind.begins].unit for kind in catalogue.kinds if kind.begins} == {"date"}
    assert {
        kind.kind for kind in catalogue.kinds if ROUND.thresholds[kind.alert].unit not in (kind.unit, "rate")
    } == set()


def test_what_to_do_next_is_said_in_three_languages_by_commands_that_exist() -> None:
    commands = set(get_command(cli.app).commands)
    for kind in load_kinds(REFERENCE / "discrepancies.yaml").kinds:
        told = [re.findall("`([^`]+)`", text) for text in (kind.todo.kk, kind.todo.ru, kind.todo.en)]
        assert told[0] == told[1] == told[2], kind.kind
        assert {name.split()[1] for name in told[0] if name.startswith("sanaq ")} <= commands, kind.kind


def test_the_file_of_kinds_is_refused_with_the_place_of_its_mistake(tmp_path: Path) -> None:
    text = (REFERENCE / "discrepancies.yaml").read_text(encoding="utf-8").replace("compare: from", "compare: about", 1)
    (tmp_path / "discrepancies.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadReferenceFile, match=r"kinds\.0\.compare"):
        load_kinds(tmp_path / "discrepancies.yaml")


@pytest.mark.parametrize(
    ("day", "owner"),
    [
        ("2021-09-20", "DEPARTMENT"),  # red, and so with the Department, though the head was to send it ten days ago
        ("2021-09-24", "DEPARTMENT"),
        ("2021-09-25", "REGIONAL_COMMISSION"),  # due on the 11th: two weeks overdue
        ("2021-10-02", "DEPUTY_AKIM"),
        ("2021-10-30", "DEPUTY_AKIM"),  # nobody is above
    ],
)
def test_what_is_overdue_rises_one_level_a_week(tmp_path: Path, day: str, owner: str) -> None:
    field = Field(tmp_path, datetime.fromisoformat(f"{day}T02:00:00+05:00").astimezone(UTC))
    ready(field)
    field.con.execute("DELETE FROM headcount")
    assert [(row["owner"], row["due_on"]) for row in found(field, "HEADCOUNT_MISSING")] == [(owner, date(2021, 9, 11))]


def test_a_kind_with_a_longer_term_rises_by_that_term(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 12, 20, 21, tzinfo=UTC))
    ready(field)
    field.add("certificate", first_no=1, last_no=10, staff_id="SA")
    [row] = found(field, "CERTIFICATES_UNACCOUNTED")  # due thirty days after the end, and thirty days are its period
    assert (row["severity"], row["due_on"] < date(2021, 12, 6), row["owner"]) == ("red", True, "DEPARTMENT")


def test_where_there_is_no_head_a_matter_rises_from_the_department(tmp_path: Path) -> None:
    field = Field(tmp_path, datetime(2021, 11, 11, 21, tzinfo=UTC))
    ready(field)
    field.add("device", device_id="T9", institution_id="NOWHERE", batch_id="r", **WHOLE)
    owners = {row["subject_id"]: row["owner"] for row in found(field, "TABLET_NOT_RETURNED")}  # overdue by a week
    assert owners == {"TA": "DEPARTMENT", "T9": "REGIONAL_COMMISSION"}


def test_what_cannot_be_undone_rises_to_nobody(field: Field) -> None:
    counted(field, 50)
    field.records(["duplicate"] * 10, received_at="2021-09-02")  # due weeks ago
    assert [(row["kind"], row["severity"], row["owner"]) for row in found(field)] == [
        ("DUPLICATES", "red", "DEPARTMENT")
    ]


def test_a_question_left_open_by_many_of_the_region_is_the_departments(field: Field) -> None:
    counted(field, 50)
    field.empty("item_nonresponse")
    for variable, eligible, missing, declined in (
        ("ethnicity", 60, 3, 0),
        ("ethnicity", 60, 5, 0),
        ("occupation", 99, 90, 0),
        ("literacy", 200, 10, 0),
    ):
        field.add(
            "item_nonresponse",
            variable=variable,
            eligible_count=eligible,
            missing_count=missing,
            declined_count=declined,
        )
    [row] = found(field)  # 8 of 120; of fewer than a hundred nothing is said, and 5 % is no alarm
    assert (row["kind"], row["institution_id"], row["subject_kind"], row["subject_id"]) == (
        "QUESTION_OPEN",
        "ALL",
        "question",
        "ethnicity",
    )
    assert (row["severity"], row["person_count"], row["owner"], row["due_on"] is not None) == (
        "amber",
        8,
        "DEPARTMENT",
        True,
    )


@pytest.mark.parametrize(
    ("missing", "declined", "severity"), [(0, 28, None), (8, 28, "amber"), (0, 46, "red"), (20, 0, None)]
)
def test_religion_has_a_limit_of_its_own_with_those_who_declined(
    field: Field, missing: int, declined: int, severity: str | None
) -> None:
    counted(field, 50)
    field.empty("item_nonresponse")
    field.add(
        "item_nonresponse", variable="religion", eligible_count=100, missing_count=missing, declined_count=declined
    )
    assert [(row["kind"], row["severity"]) for row in found(field)] == (
        [("RELIGION_NOT_STATED", severity)] if severity else []
    )


def test_guessed_ages_are_said_of_the_group_they_are_in(field: Field) -> None:
    counted(field, 50)
    field.empty("age_heaping")
    for group in ("ALL", "SOCIAL_AND_HEALTH"):
        field.add(
            "age_heaping",
            publication_group=group,
            statistic="WHIPPLE",
            person_count=900,
            value=131,
            z=4.2,
            verdict="RED",
        )
        field.add(
            "age_heaping",
            publication_group=group,
            statistic="FIRST_OF_JANUARY",
            person_count=900,
            value=36,
            z=9,
            verdict="AMBER",
        )
    field.add(
        "age_heaping",
        publication_group="BOARDING_EDUCATION",
        statistic="WHIPPLE",
        person_count=900,
        value=101,
        z=0.1,
        verdict="EVEN",
    )
    rows = {row["kind"]: row for row in found(field)}
    assert {(kind, row["subject_id"], row["severity"]) for kind, row in rows.items()} == {
        ("AGES_HEAPED", "SOCIAL_AND_HEALTH", "red"),
        ("BIRTHDAYS_GUESSED", "SOCIAL_AND_HEALTH", "amber"),
    }
    assert rows["AGES_HEAPED"]["message_en"].startswith(
        "Ages ending in 0 and 5 are 4.2 standard deviations above chance (limit 4)"
    )
    assert (
        rows["BIRTHDAYS_GUESSED"]["message_en"]
        == "36 people are said to be born on 1 January: 4.0 %, more than chance gives (limit 1.0 %)."
    )


def test_a_ladder_has_every_owner(tmp_path: Path) -> None:
    text = (REFERENCE / "discrepancies.yaml").read_text(encoding="utf-8").replace("ladder: [HEAD, ", "ladder: [")
    (tmp_path / "discrepancies.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadReferenceFile, match="the ladder misses HEAD"):
        load_kinds(tmp_path / "discrepancies.yaml")


def test_a_kind_is_part_of_kinds_there_are(tmp_path: Path) -> None:
    text = (
        (REFERENCE / "discrepancies.yaml")
        .read_text(encoding="utf-8")
        .replace("part_of: [OMISSION]", "part_of: [OMISION]")
    )
    (tmp_path / "discrepancies.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadReferenceFile, match="OMISION"):
        load_kinds(tmp_path / "discrepancies.yaml")


def test_no_column_of_the_step_holds_an_identifier() -> None:
    made = [table for table in TABLES.values() if table.step == "count"]
    assert {table.publish for table in made} == {"coverage", "quality", None}
    assert [
        name for table in made for name, column in table.columns.items() if column.sensitivity == "identifier"
    ] == []
