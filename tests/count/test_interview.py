"""How every account interviews: pace, overlaps, nights, identical answers, answers given by others; no alarm for what is innocent."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_interviews
from tests.count.field import Field

MANY = {
    "ethnicity": "KAZAKH", "religion": 1, "native_language": "kaz", "kazakh_level": 4, "russian_level": 3, "english_level": 1,
    "education_level": 2, "is_literate": True, "attends_education": "SCHOOL", "livelihood_main": "DEPENDENT", "wg_seeing": 1, "wg_hearing": 1,
    "wg_walking": 1, "wg_memory": 1, "wg_selfcare": 1, "wg_communication": 1, "disability_group": "NONE", "has_had_covid": "NO",
    "is_covid_vaccinated": "NO", "citizenship": 1, "birth_place_country": "KZ",
}  # fmt: skip


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path)
    site(made)
    return made


def site(field: Field, institution_id: str = "A", category: str = "ORPH") -> None:
    field.institution(institution_id, category)
    field.add("staff", staff_id=f"S{institution_id}", institution_id=institution_id)


def form(field: Field, begun: str = "2021-10-05 09:00", minutes: int = 15, answers: dict[str, Any] | None = None,
         institution_id: str = "A", state: str = "counted", **more: Any) -> str:  # fmt: skip
    """One form; `begun` is local, five hours ahead of UTC."""
    start = datetime.fromisoformat(begun) - timedelta(hours=5)
    values = {"mode": "tablet", "device_id": "T1", "staff_id": f"S{institution_id}", **more}
    [record_id] = field.records(
        [state], institution_id, started_at=start, completed_at=start + timedelta(minutes=minutes), **values
    )
    field.add("answers", record_id=record_id, **(answers or {}))
    return record_id


def row(field: Field, where: str = "TRUE") -> dict[str, Any]:
    make_interviews(field)
    return field.row(f"SELECT * FROM interview WHERE {where}")


def alarms(field: Field) -> dict[str, str]:
    """Return what is wrong with the interviews, and how badly."""
    kinds = "'FORMS_OVERLAP', 'FORMS_AT_NIGHT', 'FORMS_IDENTICAL', 'STAFF_AS_RESPONDENT', 'FORM_FAST', 'FORMS_A_DAY', 'PROXY_UNUSUAL'"
    rows = field.discrepancies(f"kind IN ({kinds})")
    assert not [found for found in rows if found["subject_kind"] != "institution"]
    return {found["kind"]: found["severity"] for found in rows}


def calm(field: Field, count: int, institution_id: str = "A", **more: Any) -> None:
    """Forms nobody could object to, half an hour apart, one answer different from form to form."""
    for number in range(count):
        begun = datetime.fromisoformat("2021-10-05 09:00") + timedelta(days=number // 10, minutes=30 * (number % 10))
        answers = {**MANY, "residence_since_year": 1950 + number}
        form(field, begun.isoformat(), institution_id=institution_id, **{"answers": answers, **more})


def test_pace_of_an_account(field: Field) -> None:
    for begun, minutes in (("2021-10-05 10:00", 10), ("2021-10-05 11:00", 14), ("2021-10-06 09:00", 30)):
        form(field, begun, minutes)
    found = row(field)
    assert (found["institution_id"], found["mode"], found["staff_id"]) == ("A", "tablet", "SA")
    assert (found["form_count"], found["minutes_p50"], found["workday_count"], found["busiest_day_count"]) == (
        3,
        14,
        2,
        2,
    )


def test_drafts_training_and_what_does_not_stand_are_no_forms(field: Field) -> None:
    form(field)
    form(field, case_status="draft", state="out_of_scope")
    form(field, is_training=True, state="out_of_scope")
    for state in ("superseded", "repeated", "quarantined"):
        form(field, state=state)
    assert row(field)["form_count"] == 1


def test_who_the_register_does_not_know_is_not_named(field: Field) -> None:
    form(field, staff_id="Aigul")
    form(field, institution_id="Aigul", staff_id="Aigul")
    make_interviews(field)
    assert {(found["institution_id"], found["staff_id"]) for found in field.rows("FROM interview")} == {
        ("A", "UNKNOWN"), ("UNKNOWN", "UNKNOWN"),
    }  # fmt: skip


def test_what_is_no_mode_is_unknown(field: Field) -> None:
    form(field, mode="Serik Akhmetov")
    assert row(field)["mode"] == "UNKNOWN"


def test_night_is_local_and_begins_at_23_and_ends_at_6(field: Field) -> None:
    for hour in ("22:59", "23:00", "05:59", "06:00"):
        form(field, f"2021-10-05 {hour}")
    assert row(field)["night_count"] == 2


def test_a_clock_that_fell_back_tells_no_hour_and_no_overlap(field: Field) -> None:
    form(field, "1970-01-01 05:00")
    form(field, "1970-01-01 05:01")
    found = row(field)
    assert (found["form_count"], found["clocked_count"], found["night_count"], found["overlap_count"]) == (2, 0, 0, 0)
    assert found["minutes_p50"] == 15


def test_one_form_left_open_is_one_overlap(field: Field) -> None:
    form(field, "2021-10-05 09:00", minutes=300)
    for hour in (10, 11, 12):
        form(field, f"2021-10-05 {hour}:00")
    assert row(field)["overlap_count"] == 1


def test_an_account_at_two_screens_is_shared_and_no_overlap(field: Field) -> None:
    form(field, "2021-10-05 09:00", device_id="T1")
    form(field, "2021-10-05 09:05", device_id="T2")
    form(field, "2021-10-05 09:20", device_id="T2")
    assert row(field)["overlap_count"] == 0


def test_assisted_work_at_several_computers_is_neither_an_overlap_nor_a_run(field: Field) -> None:
    for number in range(10):
        form(field, f"2021-10-05 10:0{number}", mode="web_assisted", device_id=None, answers=MANY)
    assert alarms(field) == {}
    found = row(field)
    assert (found["overlap_count"], found["identical_run_count"]) == (0, 1)


def test_people_who_answer_alone_do_not_overlap(field: Field) -> None:
    for _ in range(3):
        form(field, "2021-10-05 23:30", mode="web_self", staff_id=None, device_id=None, answers=MANY)
    found = row(field)
    assert (found["staff_id"], found["overlap_count"], found["identical_run_count"]) == ("NONE", 0, 1)
    assert found["night_count"] == 3


def test_a_run_of_identical_answers_is_broken_by_one_that_differs(field: Field) -> None:
    for number, religion in enumerate((1, 1, 1, 2, 1, 1)):
        form(field, f"2021-10-05 {10 + number}:00", answers={**MANY, "religion": religion})
    assert row(field)["identical_run_count"] == 3


def test_a_form_with_few_answers_is_the_same_as_none(field: Field) -> None:
    for number in range(6):
        form(field, f"2021-10-05 {10 + number}:00", answers={"ethnicity": "KAZAKH", "religion": 1})
    assert row(field)["identical_run_count"] == 1


def test_answers_of_others_stand_beside_what_is_usual(field: Field) -> None:
    site(field, "K", "SOCSERV")
    adult, child = 70, 13  # for the child somebody else answers anyway
    for reason, source, age in (
        (None, None, adult),
        ("INCAPACITY", "ADMINISTRATION", adult),
        ("REFUSED", "RELATIVE", adult),
        ("LEFT", "ADMINISTRATION", adult),
        ("TOO_YOUNG", "ADMINISTRATION", child),
    ):
        record_id = form(field, institution_id="K", answers={"proxy_source": source})
        told = {"is_proxy": reason is not None, "proxy_reason": reason, "age_completed": age}
        field.people(1, usual="K", present="K", survivor_record_id=record_id, **told)
    found = row(field)
    assert (found["askable_count"], found["proxy_count"], found["administration_count"]) == (3, 2, 1)
    assert (found["proxy_low_rate"], found["proxy_high_rate"]) == (0.2, 0.5)
    assert found["proxy_rate"] == pytest.approx(2 / 3)


def test_calm_work_does_not_alarm(field: Field) -> None:
    calm(field, 20)
    assert alarms(field) == {}


@pytest.mark.parametrize(("nights", "severity"), [(2, None), (3, "amber"), (9, "red")])
def test_forms_at_night_are_an_alarm_by_share(field: Field, nights: int, severity: str | None) -> None:
    calm(field, 18)
    for number in range(nights):
        form(field, f"2021-10-1{number} 23:30")
    assert alarms(field).get("FORMS_AT_NIGHT") == severity


def test_where_people_come_at_night_they_are_asked_at_night(field: Field) -> None:
    site(field, "N", "HOMELESS_NIGHT")
    for number in range(12):
        form(field, f"2021-10-{10 + number} 23:30", institution_id="N")
    assert alarms(field) == {}


def test_overlaps_are_an_alarm_by_share(field: Field) -> None:
    calm(field, 15)
    for minute in range(5):
        form(field, f"2021-10-09 10:0{minute}")
    assert alarms(field) == {"FORMS_OVERLAP": "amber"}  # 4 of 20


@pytest.mark.parametrize(("count", "severity"), [(4, None), (5, "amber"), (10, "red")])
def test_the_same_answers_again_and_again_are_an_alarm(field: Field, count: int, severity: str | None) -> None:
    for number in range(count):
        form(field, f"2021-10-05 {10 + number}:00", answers=MANY)
    assert alarms(field).get("FORMS_IDENTICAL") == severity


def test_a_matter_is_as_old_as_its_forms_are_known_and_not_as_a_clock_says(field: Field) -> None:
    form(field, "1970-01-01 09:00", answers=MANY, received_at="2021-10-02")
    for number in range(5):
        form(
            field,
            f"2021-10-05 {10 + number}:00",
            answers={**MANY, "religion": 2},
            received_at=f"2021-10-0{6 + number // 4}",
        )
    field.add("own_account", record_id=form(field, "1970-01-01 09:00", received_at="2021-10-03"))
    since = {
        row["kind"]: row["since_at"].day
        for row in field.discrepancies("kind IN ('FORMS_IDENTICAL', 'STAFF_AS_RESPONDENT')")
    }
    assert since == {"FORMS_IDENTICAL": 6, "STAFF_AS_RESPONDENT": 3}


@pytest.mark.parametrize(("state", "severity"), [("counted", "amber"), ("out_of_scope", None)])
def test_staff_entered_as_respondents_are_an_alarm_if_counted(field: Field, state: str, severity: str | None) -> None:
    field.add("own_account", record_id=form(field, state=state))
    assert alarms(field).get("STAFF_AS_RESPONDENT") == severity
    assert row(field)["own_account_count"] == 1


def test_a_baby_home_with_twins_and_only_proxies_does_not_alarm(field: Field) -> None:
    site(field, "Y", "BABY")
    few = {
        "position_in_institution": "RESIDENT",
        "ethnicity": "KAZAKH",
        "proxy_source": "ADMINISTRATION",
        "is_proxy": True,
    }
    for number in range(30):
        begun = datetime.fromisoformat("2021-10-05 09:00") + timedelta(days=number // 10, minutes=30 * (number % 10))
        record_id = form(field, begun.isoformat(), institution_id="Y", answers=few)
        field.people(1, usual="Y", present="Y", is_proxy=True, survivor_record_id=record_id)
    assert alarms(field) == {}
