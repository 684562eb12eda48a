"""Certificates: issued = used + spoiled + returned + open, and one number is one person's (R11)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_control_totals
from tests.count.field import Field

IN_OCTOBER = datetime(2021, 10, 20, tzinfo=UTC)
AT_THE_END = datetime(2021, 11, 20, tzinfo=UTC)


def made(folder: Path, night: datetime = AT_THE_END) -> Field:
    """Ten certificates, 0000101 to 0000110, in the hands of one member of staff."""
    field = Field(folder, night)
    field.institution()
    field.add("staff", staff_id="S1", institution_id="A", batch_id="r")
    field.add("batch", batch_id="r", route="register", received_at="2021-09-01", record_count=0)
    field.add("certificate", first_no=101, last_no=110, staff_id="S1", issued_on="2021-09-01", batch_id="r")
    return field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    return made(tmp_path)


def used(field: Field, *numbers: str, state: str = "counted", person: str | None = None) -> None:
    for number in numbers:
        [record_id] = field.records([state], certificate_no=number)
        field.con.execute(
            f"UPDATE record_state SET person_id = '{person or 'p' + record_id}' WHERE record_id = '{record_id}'"
        )


def back(field: Field, first_no: int, last_no: int, reason_code: str = "RETURNED") -> None:
    field.add("certificate_return", first_no=first_no, last_no=last_no, staff_id="S1", reason_code=reason_code)


def account(field: Field) -> dict[str, Any]:
    make_control_totals(field)
    return field.row("SELECT * FROM control_total WHERE control_code = 'CERTIFICATES'")


def found(field: Field, kind: str) -> list[dict[str, Any]]:
    return field.discrepancies(f"kind = '{kind}'")


def test_issued_is_used_and_spoiled_and_returned_and_open(field: Field) -> None:
    used(field, "0000101", "102", "00103")
    back(field, 104, 104, "SPOILED")
    back(field, 107, 110)
    row = account(field)
    assert (row["subject_id"], row["institution_id"], row["detail"]) == (
        "101-110",
        "A",
        "used 3, spoiled 1, returned 4, open 2",
    )
    assert (row["declared_count"], row["received_count"], row["gap_count"]) == (10, 8, 2)


def test_while_people_are_still_asked_what_is_open_is_in_the_hands_of_the_staff(tmp_path: Path) -> None:
    field = made(tmp_path, IN_OCTOBER)
    used(field, "101")
    row = account(field)
    assert (row["detail"], row["gap_count"]) == ("used 1, spoiled 0, returned 0, open 9", 0)
    assert found(field, "CERTIFICATES_UNACCOUNTED") == []


def test_a_number_counts_once_however_often_it_is_sent_or_brought_back(field: Field) -> None:
    used(field, "101", "101")
    used(field, "101", "102", state="repeated")
    used(field, "103", state="superseded")
    back(field, 104, 107)
    back(field, 106, 108)
    used(field, "108")  # used, and brought back all the same
    assert account(field)["detail"] == "used 1, spoiled 0, returned 5, open 4"


def test_what_was_discarded_and_training_and_drafts_use_none(field: Field) -> None:
    used(field, "101")
    used(field, "102", state="quarantined")
    used(field, "103", "104", "105", state="quarantined")
    field.con.execute("UPDATE record_state SET is_settled = record_id = 'r00002'")
    field.con.execute("UPDATE record SET is_training = record_id = 'r00003'")
    field.con.execute("UPDATE record SET case_status = 'draft' WHERE record_id = 'r00004'")
    assert account(field)["detail"] == "used 2, spoiled 0, returned 0, open 8"


def test_a_return_beyond_the_range_accounts_for_the_range_alone(field: Field) -> None:
    back(field, 109, 5_000_000_000)
    assert account(field)["detail"] == "used 0, spoiled 0, returned 2, open 8"


def test_what_is_no_number_of_a_certificate_is_used_by_nobody(field: Field) -> None:
    used(field, "850101300123", "АБ 101", "")
    assert account(field)["detail"] == "used 0, spoiled 0, returned 0, open 10"
    assert found(field, "CERTIFICATE_SHARED") == []


def test_what_nobody_accounts_for_is_a_discrepancy_that_ages_from_the_end_of_the_windows(field: Field) -> None:
    used(field, *(str(number) for number in range(101, 108)))
    [row] = found(field, "CERTIFICATES_UNACCOUNTED")
    assert (row["severity"], row["owner"], row["subject_id"], row["person_count"]) == ("amber", "HEAD", "101-110", 3)
    assert row["age_hours"] == 24 * 20 + 5  # the last window closes at the end of 30 October, 19:00 UTC
    assert found(field, "CONTROL_GAP") == []  # papers are no cases


def test_one_number_on_several_people_tells_the_place_and_never_the_person(field: Field) -> None:
    used(field, "101", person="p1")
    used(field, "0101", person="p2")
    used(field, "102", person="p3")
    [row] = found(field, "CERTIFICATE_SHARED")
    assert (row["institution_id"], row["subject_id"], row["measured"], row["person_count"]) == ("A", "A", 2, 2)
    assert "p1" not in str(row)


def test_a_number_is_shared_since_its_second_person_came(field: Field) -> None:
    for person, day in (("p1", 5), ("p1", 6), ("p2", 9), ("p3", 12)):
        used(field, "101", person=person)
        field.con.execute(
            f"UPDATE record_state SET received_at = '2021-10-{day:02d}' WHERE received_at = '2021-10-05 10:00'"
        )
    assert [row["since_at"].day for row in found(field, "CERTIFICATE_SHARED")] == [9]


def test_two_versions_and_two_cases_of_one_person_share_a_number_without_alarm(field: Field) -> None:
    used(field, "101", person="p1")
    used(field, "101", person="p1", state="duplicate")
    used(field, "101", person="p2", state="superseded")
    assert found(field, "CERTIFICATE_SHARED") == []


def test_certificates_of_which_the_register_knows_none_are_asked_for(field: Field) -> None:
    used(field, "101", "102")
    assert found(field, "CERTIFICATES_NOT_REGISTERED") == []
    field.con.execute("DELETE FROM certificate")
    [row] = found(field, "CERTIFICATES_NOT_REGISTERED")
    assert (row["institution_id"], row["owner"], row["person_count"]) == ("A", "DEPARTMENT", 2)


def test_a_range_that_was_handed_out_before_is_named(field: Field) -> None:
    field.add("batch", batch_id="s", route="register", received_at="2021-11-19", record_count=0)
    field.add("certificate", first_no=106, last_no=120, staff_id="S1", issued_on="2021-09-01", batch_id="s")
    [row] = found(field, "CERTIFICATES_ISSUED_TWICE")
    assert (row["subject_id"], row["measured"], row["owner"]) == ("106-120", 5, "DEPARTMENT")
