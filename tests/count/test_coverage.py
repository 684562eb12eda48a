"""Counted beside expected: rates are exact sums, never capped, and absent where nothing says how many to expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_coverage, make_sign_off
from tests.count.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path)
    made.institution("A", capacity=10)
    return made


def covered(field: Field, institution_id: str = "A") -> dict[str, Any]:
    field.write("expected")
    make_coverage(field)
    return field.row(f"SELECT * FROM coverage_institution WHERE institution_id = '{institution_id}'")


def test_present_and_usual_residents_are_two_populations(field: Field) -> None:
    field.institution("H", "INPAT")
    field.listed(3)
    field.people(2, usual="A", present="A")
    field.people(1, usual="A", present="H")  # an orphan in hospital that night
    field.people(4, usual=None, present="H", basis="present_only")
    orphanage, hospital = covered(field), covered(field, "H")
    assert (orphanage["usual_count"], orphanage["present_count"], orphanage["person_count"]) == (3, 2, 3)
    assert (hospital["usual_count"], hospital["present_count"], hospital["person_count"]) == (0, 5, 4)
    assert field.value("SELECT sum(person_count) FROM coverage_category") == 7


def test_whose_home_nobody_knows_is_shown_apart_and_counted_nowhere(field: Field) -> None:
    field.institution("H", "INPAT")
    field.people(2, usual="A", present="A")
    unknown = "place_unresolved"
    handed_on = (("A", unknown), ("A", None), ("H", unknown), ("H", "present_only"), (None, unknown))
    for number, (institution_id, basis) in enumerate(handed_on):
        field.add(
            "forwarded", record_id=f"r{number}", person_id=f"q{number}", institution_id=institution_id, basis=basis
        )
    field.records(["out_of_scope"], institution_id=None)
    told = {name: covered(field, name) for name in ("A", "H", "UNKNOWN")}
    assert {name: (row["unresolved_count"], row["person_count"]) for name, row in told.items()} == {
        "A": (1, 2),
        "H": (1, 0),
        "UNKNOWN": (1, 0),
    }
    assert field.value("SELECT unresolved_count FROM coverage_region") == 3


def test_a_coverage_rate_is_never_capped(field: Field) -> None:
    field.listed(4)
    field.people(5, usual="A", present="A")
    row = covered(field)
    assert (row["present_rate"], row["usual_rate"], row["present_difference_count"]) == (1.25, 1.25, 1)
    assert row["capacity_rate"] == 0.5


def test_no_ratio_on_missing_nor_for_street_patrols(field: Field) -> None:
    field.institution("P", "HOMELESS_PATROL")
    field.people(3, usual="A", present="A")
    field.people(2, usual="P", present="P")
    for institution_id, count in (("A", 3), ("P", 2)):
        row = covered(field, institution_id)
        assert (row["grade"], row["present_rate"], row["usual_rate"], row["present_count"]) == (
            "MISSING",
            None,
            None,
            count,
        )


def test_nobody_expected_gives_no_ratio_rather_than_an_infinite_one(field: Field) -> None:
    field.listed(0)
    field.people(1, usual="A", present="A")
    row = covered(field)
    assert (row["present_rate"], row["present_difference_count"]) == (None, 1)


def test_a_category_compares_only_where_something_is_expected(field: Field) -> None:
    field.institution("B")
    field.listed(4)
    field.people(3, usual="A", present="A")
    field.people(50, usual="B", present="B")  # no list, no headcount
    covered(field)
    row = field.row("SELECT * FROM coverage_category")
    assert (row["present_count"], row["compared_present_count"], row["present_rate"]) == (53, 3, 0.75)
    assert (row["institution_count"], row["provisional_count"], row["missing_count"]) == (2, 1, 1)


def test_duplicates_are_measured_over_cases_not_over_records(field: Field) -> None:
    field.records(["counted"] * 3 + ["duplicate"] + ["repeated"] * 4 + ["superseded"] * 2 + ["quarantined"])
    row = covered(field)
    assert (row["record_count"], row["case_count"], row["duplicate_count"], row["duplicate_rate"]) == (11, 4, 1, 0.25)


def test_what_was_decided_is_held_no_longer(field: Field) -> None:
    field.records(["quarantined"] * 3)
    field.con.execute("UPDATE record_state SET is_settled = record_id = 'r00000'")
    assert covered(field)["quarantined_count"] == 2
    assert field.value("SELECT quarantined_count FROM coverage_mode") == 2


def test_complete_is_who_was_due_and_the_line_of_the_unknown_is_no_institution(field: Field) -> None:
    field.listed(1)
    field.people(1, usual="A", present="A")
    field.institution("E")
    field.listed(0, "E")  # complete, and nobody was expected
    field.records(["quarantined"], institution_id="nobody knows")
    covered(field)
    row = field.row("FROM coverage_region")
    assert (row["institution_count"], row["due_count"], row["complete_count"], row["return_rate"]) == (2, 1, 1, 1)


def test_days_of_silence_are_local_and_what_comes_again_ends_none(field: Field) -> None:
    field.institution("E")
    field.records(["quarantined"], received_at="2021-10-16 18:59")  # 23:59 of the 16th; as of 05:00 of the 20th
    field.records(["repeated"], received_at="2021-10-18 10:00")
    assert (str(covered(field)["last_received_at"]), covered(field)["silent_days"]) == ("2021-10-16 18:59:00", 4)
    assert (covered(field, "E")["last_received_at"], covered(field, "E")["silent_days"]) == (None, None)


def test_born_after_and_not_here_are_erroneous_but_who_belongs_elsewhere_is_not(field: Field) -> None:
    field.records(["counted"] * 2)
    for reason in (
        "BORN_AFTER",
        "NOT_HERE_AT_MOMENT",
        "BELONGS_ELSEWHERE",
        "TRAINING",
        "WITHDRAWN",
        "PRIVATE_HOUSEHOLD",
    ):
        field.records(["out_of_scope"], reason=reason)
    row = covered(field)
    assert (row["erroneous_count"], row["forwarded_count"], row["case_count"]) == (2, 1, 8)


def test_every_list_entry_has_one_outcome(field: Field) -> None:
    outcomes = ["COUNTED", "TEMP_ABSENT", "COUNTED_ELSEWHERE", "DEPARTED", "DIED", "TRANSFERRED", "FORWARDED", "REFUSED", "STAFF",
                "DOUBLE_ENTRY", "NOT_FOUND", "NOT_FOUND"]  # fmt: skip
    field.outcomes(outcomes)
    field.outcomes(["ARRIVED_AFTER_LIST", "BORN_AFTER_LIST", "MISSED_BY_LIST", "NO_LIST"], is_on_list=False)
    row = covered(field)
    assert (row["list_count"], row["matched_count"], row["no_outcome_count"], row["omission_rate"]) == (
        12,
        2,
        2,
        2 / 12,
    )
    assert (row["new_since_list_count"], row["missed_by_list_count"]) == (2, 1)
    reasons = (
        "counted_elsewhere",
        "departed",
        "died",
        "transferred",
        "belongs_elsewhere",
        "refused",
        "not_expected",
        "no_outcome",
    )
    assert row["list_only_count"] == 10 == sum(row[f"{reason}_count"] for reason in reasons)


def test_proxy_web_and_iin_are_shares_of_the_persons_counted_here(field: Field) -> None:
    field.people(3, usual="A", present="A", mode="tablet", is_proxy=True)
    field.people(1, usual="A", present="A", mode="web_self", has_iin=False)
    row = covered(field)
    assert (row["proxy_rate"], row["web_rate"], row["iin_missing_rate"]) == (0.75, 0.25, 0.25)


def test_what_names_no_institution_of_the_register_is_kept_apart(field: Field) -> None:
    field.records(["quarantined"] * 2, institution_id="NOWHERE")
    field.records(["quarantined"], institution_id="UNKNOWN")
    row = covered(field, "UNKNOWN")
    assert (row["record_count"], row["category_code"], row["is_active"]) == (3, "UNKNOWN", False)


def test_a_site_of_unknown_category_is_of_the_most_sensitive_tier_and_what_is_no_site_of_none(field: Field) -> None:
    field.institution("H", "TUB")
    field.records(["quarantined"], institution_id="NOWHERE")
    assert {name: covered(field, name)["tier"] for name in ("A", "H", "UNKNOWN")} == {
        "A": "S2",
        "H": "S3",
        "UNKNOWN": None,
    }


def test_sites_without_a_category_and_what_is_no_site_are_one_line(field: Field) -> None:
    field.con.execute("UPDATE institution SET category_code = NULL")
    field.institution("H", None)
    field.listed(4)
    field.people(3, usual="A", present="A")
    field.records(["quarantined"], institution_id="NOWHERE")
    row = covered(field)
    assert (row["category_code"], row["tier"], row["publication_group"]) == ("UNKNOWN", "S3", None)
    told = field.row(
        "SELECT category_code, tier, institution_count, present_count, record_count FROM coverage_category"
    )
    assert tuple(told.values()) == ("UNKNOWN", "S3", 2, 3, 1)


def test_a_category_with_a_ward_of_a_higher_tier_is_one_row_of_that_tier(field: Field) -> None:
    field.institution("H", "INPAT")
    field.institution("W", "INPAT", ward_tier="S3")
    assert {name: covered(field, name)["tier"] for name in ("H", "W")} == {"H": "S2", "W": "S3"}
    row = field.row("SELECT * FROM coverage_category WHERE category_code = 'INPAT'")
    assert (row["tier"], row["institution_count"]) == ("S3", 2)


def test_complete_zero_and_due(field: Field) -> None:
    field.institution("B")
    field.institution("E")
    for institution_id, count in (("A", 50), ("B", 50), ("E", 0)):
        field.listed(count, institution_id)
    field.people(48, usual="A", present="A")
    field.records(["counted"] * 48)
    states = {
        i: [covered(field, i)[f"is_{flag}"] for flag in ("due", "zero_return", "complete")] for i in ("A", "B", "E")
    }
    assert states == {"A": [True, False, True], "B": [True, True, False], "E": [False, False, True]}


def test_a_head_signs_wherever_people_are_due_or_counted(field: Field) -> None:
    for institution_id in ("E", "F"):
        field.institution(institution_id)
        field.listed(0, institution_id)
    field.listed(50)
    field.people(1, usual="E", present="E")
    field.write("expected")
    field.write("coverage_institution")
    make_sign_off(field)
    assert {row["institution_id"] for row in field.rows("FROM sign_off")} == {"A", "E"}


def test_districts_follow_the_kato_of_the_site(field: Field) -> None:
    field.institution("B", kato="473630100")
    field.institution("C", kato=None)
    covered(field)
    assert field.rows("SELECT district_kato, institution_count FROM coverage_district ORDER BY 1") == [
        {"district_kato": "471000000", "institution_count": 1},
        {"district_kato": "473600000", "institution_count": 1},
        {"district_kato": "UNKNOWN", "institution_count": 1},
    ]


def test_the_region_is_the_sum_of_all_with_the_district_that_lags_most_beside_it(field: Field) -> None:
    field.institution("B", kato="473630100")
    for institution_id, expected, found in (("A", 50, 49), ("B", 50, 25)):
        field.listed(expected, institution_id)
        field.people(found, usual=institution_id, present=institution_id)
        field.records(["counted"] * found, institution_id=institution_id)
    covered(field)
    assert field.rows(
        "SELECT region_kato, institution_count, expected_present_count, present_count, usual_count, present_rate, return_rate, "
        "worst_district_kato, worst_district_present_rate FROM coverage_region"
    ) == [
        {
            "region_kato": "470000000", "institution_count": 2, "expected_present_count": 100, "present_count": 74, "usual_count": 74,
            "present_rate": 0.74, "return_rate": 0.5, "worst_district_kato": "473600000", "worst_district_present_rate": 0.5,
        }
    ]  # fmt: skip


def test_interview_day_and_receipt_day_stand_side_by_side(field: Field) -> None:
    # 20:00 UTC is already the next day in Aqtau
    field.people(2, usual="A", present="A", completed_at="2021-10-03 20:00", received_at="2021-10-05 10:00")
    field.people(1, usual="A", present="A", completed_at="2021-10-05 10:00", received_at="2021-10-05 11:00")
    field.add("batch", batch_id="b", route="tablet_vpn", received_at="2021-10-05 11:00", record_count=7)
    covered(field)
    rows = field.rows("SELECT * FROM coverage_daily ORDER BY day_on")
    assert [(str(r["day_on"]), r["interviewed_count"], r["received_count"], r["record_count"]) for r in rows] == [
        ("2021-10-04", 2, 0, 0),
        ("2021-10-05", 1, 3, 7),
    ]
    assert [(r["interviewed_so_far_count"], r["received_so_far_count"]) for r in rows] == [(2, 0), (3, 3)]


def test_what_is_no_mode_is_unknown_and_said_nowhere(field: Field) -> None:
    field.people(1, usual="A", present="A", mode=None)
    field.records(["counted"], mode="Serik Akhmetov", route="portal")
    field.records(["counted"], mode=None, route="portal")
    covered(field)
    assert field.rows("SELECT mode, record_count, person_count FROM coverage_mode") == [
        {"mode": "UNKNOWN", "record_count": 2, "person_count": 1}
    ]


def test_modes_are_no_routes(field: Field) -> None:
    field.people(3, usual="A", present="A", mode="web_self")
    field.people(1, usual="A", present=None, mode="tablet")  # away that night
    field.records(
        ["counted"] * 3, mode="web_self", route="portal", started_at="2021-10-03 10:00", completed_at="2021-10-03 10:12"
    )
    field.records(["repeated"] * 3, mode="web_self", route="census_db")
    field.records(["counted", "duplicate"], mode="tablet", route="tablet_usb")
    covered(field)
    rows = {row["mode"]: row for row in field.rows("SELECT * FROM coverage_mode")}
    assert (rows["web_self"]["record_count"], rows["web_self"]["case_count"], rows["web_self"]["person_rate"]) == (
        6,
        3,
        0.75,
    )
    assert (rows["tablet"]["duplicate_rate"], rows["web_self"]["form_p50_minutes"]) == (0.5, 12)
    assert [(rows[mode]["usual_count"], rows[mode]["present_count"]) for mode in ("tablet", "web_self")] == [
        (1, 0),
        (3, 3),
    ]
