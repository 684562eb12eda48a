"""Every rule fails where it should and passes beside it; every edit rule of the method has a rule or a reason why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.check import records
from pipeline.check.rules import PATH, load_rules, names_used
from pipeline.errors import BadReferenceFile
from pipeline.round.files import read_model
from pipeline.round.models import RuleFile
from tests.check import field

CATALOGUE = load_rules()

# What differs from a sound record (tests/check/field.py) so that the rule fails; and a near miss that passes.
Record = dict[str, Any]
CHILD = {"birth_on": "2010-03-05"}
HOME = "471010000"
MAN = {"sex": 1}
WEB = {"mode": "web_self", "route": "portal", "staff_id": None, "device_id": None, "device_case_no": None}
NOBODY = {"family_name": None, "given_name": None, "birth_on": None, "citizenship": None, "iin_missing_reason": None}
PROXY = {"is_proxy": True, "proxy_reason": "INCAPACITY", "proxy_source": "ADMINISTRATION"}

EXAMPLES: dict[str, tuple[list[Record], list[Record]]] = {
    "R-NO-CASE-ID": ([{"case_id": None}, {"case_id": " "}, {"case_version": None}], [{"case_id": "0"}]),
    "R-FORM-NOT-APPROVED": (
        [{"form_version": "2019.0"}, {"form_code": None}, {"form_code": "F2_HOUSING"}],
        [{"form_code": "F4_TEMP_VISITOR"}, {"form_version": "2019.0", "case_status": "withdrawn"}],
    ),
    "R-UNKNOWN-INSTITUTION": (
        [{"institution_id": "NOWHERE"}, {"institution_id": None}],
        [{"institution_id": "TB-1"}, {"institution_id": None, "case_status": "withdrawn"}],
    ),
    "R-NO-SIGN-OF-A-PERSON": (
        [NOBODY, {**NOBODY, "sex": None}, {**NOBODY, "family_name": "Белгісіз"}, {**NOBODY, "given_name": "  "}],
        [
            {**NOBODY, "age_stated": 50},  # sex and rough age: enough in the street
            {**NOBODY, "birth_on": "1970-01-01"},
            {**NOBODY, "given_name": "Айгүл"},
            {**NOBODY, "ethnicity": "KAZAKH"},
            {**NOBODY, "case_status": "draft"},
            {**NOBODY, "case_status": "withdrawn"},
            {**NOBODY, "is_training": True},
        ],
    ),
    "R-TYPE": ([{"mistyped": ["sex"]}], [{}]),
    "R-UNKNOWN-KEY": ([{"unknown_key_count": 1}], [{}]),
    "R-CODE": (
        [
            {"religion": 8},
            {"religion": 0},
            {"sex": 3},
            {"ethnicity": "MARTIAN"},
            {"ethnicity": "KAZAKH|RUSSIAN"},
            {"languages_known": ["NO_SUCH"]},
            {"residence_status": "usual_present"},
        ],
        [
            {"religion": 6},
            {"ethnicity": "RUSSIAN"},
            {"languages_known": []},
            {"livelihood_sources": ["WAGE", "PENSION"], "livelihood_main": "WAGE"},
        ],
    ),
    "R-MODE": ([{"mode": None}, {"mode": "paper"}], [WEB]),
    "R-CASE-STATUS": ([{"case_status": None}, {"case_status": "done"}], [{"case_status": "partial"}]),
    "R-WEB-WINDOW": (
        [
            {**WEB, "completed_at": "2021-10-15 18:00:00"},  # midnight after 15 October in Nur-Sultan
            {**WEB, "completed_at": "2021-08-31 17:59:59"},
        ],
        [
            {**WEB, "completed_at": "2021-10-15 17:59:59"},
            {**WEB, "completed_at": "2021-08-31 18:00:00"},
            {**WEB, "completed_at": "2021-10-25 10:00:00", "received_at": "2021-10-26 10:00:00"},  # opened again
            {**WEB, "completed_at": None, "case_status": "draft"},
            {**WEB, "completed_at": None},
        ],
    ),
    "R-TABLET-WINDOW": (
        [{"completed_at": "2021-10-30 19:00:00"}, {"completed_at": "2021-09-30 18:59:59"}],
        [{"completed_at": "2021-10-30 18:59:59"}, {"completed_at": "2021-09-30 19:00:00"}, {"completed_at": None}],
    ),
    "R-TABLET-TOO-EARLY": (
        [{"started_at": "2021-09-30 18:59:59"}],
        [{"started_at": "2021-09-30 19:00:00"}, {**WEB, "started_at": "2021-09-10 10:00:00"}],
    ),
    "R-NOT-COMPLETED": ([{"completed_at": None}], [{"completed_at": None, "case_status": "draft"}]),
    "R-COMPLETED-BEFORE-STARTED": ([{"started_at": "2021-10-03 05:20:01"}], [{"started_at": "2021-10-03 05:20:00"}]),
    "R-SYNCED-BEFORE-COMPLETED": ([{"synced_at": "2021-10-03 05:19:59"}], [{"synced_at": "2021-10-03 05:20:00"}]),
    "R-RECEIVED-BEFORE-SYNCED": (
        [{"synced_at": "2021-10-04 05:00:01"}, {"synced_at": None, "completed_at": "2021-10-04 05:00:01"}],
        [{"synced_at": "2021-10-04 05:00:00"}],
    ),
    "R-CLOCK-LOST": ([{"started_at": "1970-01-01 00:01:00"}], [{"started_at": "2021-06-01 00:01:00"}]),
    "R-CLOCK-OFFSET": ([{"completed_offset_min": 360}], [{**WEB, "completed_offset_min": 360}]),
    "R-NO-SYNC-MARK": ([{"synced_at": None}], [{"synced_at": None, "route": "tablet_usb"}]),
    "R-NO-STAFF": ([{"staff_id": None}, {**WEB, "mode": "web_assisted"}], [WEB]),
    "R-STAFF-UNKNOWN": ([{"staff_id": "stranger"}], [{"staff_id": None}]),
    "R-STAFF-NOT-APPOINTED": ([{"staff_id": "no_order"}, {"staff_id": "late_order"}], [{"staff_id": "stranger"}]),
    "R-STAFF-OTHER-INSTITUTION": ([{"staff_id": "elsewhere"}], [{"staff_id": "stranger"}]),
    "R-STAFF-NOT-TRAINED": ([{"staff_id": "untrained"}, {"staff_id": "late_seminar"}], [{"staff_id": "stranger"}]),
    "R-NO-DEVICE": ([{"device_id": None}], [WEB]),
    "R-DEVICE-UNKNOWN": ([{"device_id": "stray"}], [{"device_id": None}]),
    "R-DEVICE-NOT-ISSUED": (
        [{"device_id": "late_tablet"}, {"device_id": "returned_tablet"}],
        [
            {"device_id": "late_tablet", "completed_at": "2021-10-04 05:20:00"},
            {"device_id": "undated_tablet"},
            {"device_id": "handed_on"},
            {"device_id": "stray"},
        ],
    ),
    "R-DEVICE-OTHER-INSTITUTION": (
        [{"device_id": "their_tablet"}, {"device_id": "handed_on", "completed_at": "2021-10-05 05:20:00"}],
        [{"device_id": "late_tablet"}, {"device_id": "handed_on"}],
    ),
    "R-DEVICE-NOT-EXPORTER": (
        [
            {"batch_id": "theirs"},
            {"batch_id": "theirs", "device_id": None},
            {"batch_id": "theirs", "device_id": None, "mode": "web_assisted"},
        ],
        [{"batch_id": "theirs", "device_id": "their_tablet"}, WEB],
    ),
    "R-CERTIFICATE-NOT-ISSUED": (
        [
            {"certificate_no": "61"},
            {"certificate_no": "51"},  # handed out on the morrow
            {"certificate_no": "101"},  # a colleague's
            {"certificate_no": "0001", "staff_id": "stranger"},
            {"certificate_no": "1", **WEB},  # nobody can have given it
            {"certificate_no": "АБ-1"},
            {"certificate_no": "850101300123"},
        ],
        [
            {"certificate_no": "0000050"},
            {"certificate_no": "1"},
            {"certificate_no": "151"},
            {"certificate_no": "51", "completed_at": "2021-10-04 05:20:00"},
            {"certificate_no": None},
        ],
    ),
    "R-CERTIFICATE-VOID": (
        [{"certificate_no": "0007"}, {"certificate_no": "8"}],
        [{"certificate_no": "9"}, {"certificate_no": "7", "staff_id": "elsewhere"}],
    ),
    "R-DEVICE-LOST": (
        [{"batch_id": "lost"}, {"batch_id": "lost_undated"}],
        [{"batch_id": "lost_that_day"}, {"batch_id": "returned"}, {"batch_id": "stray"}],
    ),
    "R-DEVICE-RETURNED": ([{"batch_id": "returned"}], [{"batch_id": "returned_that_day"}, {"batch_id": "lost"}]),
    "R-DEVICE-FORM": ([{"device_id": "old_tablet"}], [{"device_id": "stray"}]),
    "R-NO-DEVICE-CASE-NO": ([{"device_case_no": None}], [WEB]),
    "R-TABLET-AT-WEB-ONLY": ([{"institution_id": "ONLINE"}], [{**WEB, "institution_id": "ONLINE"}]),
    "R-INSTITUTION-CLOSED": ([{"institution_id": "CLOSED"}], [{}]),
    "R-IIN-SHAPE": ([{"iin": "12345"}, {"iin": "810305700001"}], [{"iin": "901123300255"}, {"iin": None}]),
    "R-IIN-CHECK-DIGIT": (
        [{"iin": "901123300255"}],
        [{"iin": "901123300258"}, {"iin": "050315500503"}, {"iin": "12345"}],
    ),
    "R-IIN-BIRTH": (
        [
            {"iin": "901123300258"},
            {"iin": "901123300258", "birth_date_precision": None},
            {"iin": "901123300258", "birth_on": "1991-01-01", "birth_date_precision": "YEAR"},
        ],
        [
            {"iin": "901123300258", "birth_on": "1990-11-23"},
            {"iin": "901123300258", "birth_on": "1990-01-01", "birth_date_precision": "YEAR"},
            {"iin": "901123300258", "birth_on": "1990-11-01", "birth_date_precision": "MONTH"},
            {"iin": "901123300258", "birth_on": "1970-01-01", "birth_date_precision": "UNKNOWN"},
        ],
    ),
    "R-IIN-SEX": ([{"iin": "901123300258"}], [{"iin": "901123300258", **MAN}, {"iin": "901123300258", "sex": None}]),
    "R-IIN-AND-REASON": ([{"iin": "901123300258"}], [{"iin": "901123300258", "iin_missing_reason": None}]),
    "R-IIN-NO-REASON": ([{"iin_missing_reason": None}], [{"iin_missing_reason": None, "case_status": "partial"}]),
    "R-CITIZEN-WITHOUT-IIN": (
        [{"iin_missing_reason": "UNKNOWN"}, {"iin_missing_reason": None}],
        [{"iin_missing_reason": "FOREIGN", "citizenship": 2}, {}],
    ),
    "R-BIRTH-IN-FUTURE": (
        [{"birth_on": "2029-05-01"}],
        [{"birth_on": "2021-10-02"}, {"birth_on": "2021-09-15", "completed_at": "1970-01-01 00:00:00"}],
    ),
    "R-AGE-OVER-115": ([{"birth_on": "1905-08-31"}], [{"birth_on": "1905-09-01"}]),
    "R-AGE-STATED": ([{"age_stated": -1}, {"age_stated": 116}], [{"age_stated": 0}, {"age_stated": 115}]),
    "R-AGE-OVER-105": (
        [{"birth_on": "1915-08-31"}, {"birth_on": None, "age_stated": 110}],
        [{"birth_on": "1915-09-01"}, {"birth_on": "1800-01-01"}],
    ),
    "R-AGE-DISAGREES": (
        [{"age_stated": 50}],
        [{"age_stated": 41}, {"age_stated": 41, "birth_on": "1981-01-01", "birth_date_precision": "YEAR"}],
    ),
    "R-BIRTH-PRECISION": (
        [{"birth_date_precision": None}, {"birth_date_precision": "AGE_ONLY"}],
        [{"birth_date_precision": "YEAR"}, {"birth_date_precision": "UNKNOWN", "birth_on": None}],
    ),
    "R-TIME-OF-DAY": (
        [{"birth_time": "24:00"}, {"birth_time": "7:30"}, {"death_time": "evening"}],
        [{"birth_time": "23:59"}, {"death_time": "00:00"}],
    ),
    "R-TIME-UNKNOWN": (
        [
            {"birth_on": "2021-08-31"},
            {"birth_on": "2021-08-31", "birth_date_precision": None},
            {"death_on": "2021-08-31", **PROXY},
        ],
        [
            {"birth_on": "2021-08-31", "birth_time": "22:00"},
            {"birth_on": "2021-08-30"},
            {"birth_on": "2021-08-31", "birth_date_precision": "UNKNOWN"},
        ],
    ),
    "R-DEATH-IN-FUTURE": ([{"death_on": "2022-01-01"}], [{"death_on": "2021-10-04"}]),
    "R-DEATH-BEFORE-BIRTH": ([{"death_on": "1981-03-04"}], [{"death_on": "1981-03-05"}]),
    "R-DEATH-WITHOUT-PROXY": (
        [{"death_on": "2021-10-02"}],
        [{"death_on": "2021-10-02", **PROXY}, {"death_on": "2021-10-03"}],
    ),
    "R-PROXY-NO-REASON": ([{**PROXY, "proxy_reason": None}], [PROXY, {"is_proxy": False}]),
    "R-PROXY-NO-SOURCE": ([{**PROXY, "proxy_source": None}], [PROXY, {"is_proxy": False}]),
    "R-REASON-WITHOUT-PROXY": ([{**PROXY, "is_proxy": None}, {**PROXY, "is_proxy": False}], [PROXY, {}]),
    "R-PROXY-ON-SELF-MODE": ([{**WEB, **PROXY}], [{**WEB, **PROXY, "mode": "web_assisted"}]),
    "R-PROXY-TOO-YOUNG": (
        [{**PROXY, "proxy_reason": "TOO_YOUNG"}],
        [{**PROXY, **CHILD, "proxy_reason": "TOO_YOUNG"}],
    ),
    "R-PROXY-DECEASED": (
        [{**PROXY, "proxy_reason": "DECEASED"}],
        [{**PROXY, "proxy_reason": "DECEASED", "death_on": "2021-09-10"}],
    ),
    "R-PROXY-OPINION": (
        [
            {**PROXY, "religion": 1, "proxy_reason": "REFUSED"},
            {**PROXY, **CHILD, "plans_to_move_abroad": "NO", "proxy_source": "RELATIVE"},
            {**PROXY, "religion": 1, "proxy_source": "LEGAL_REPRESENTATIVE"},
            {**PROXY, "religion": 1, "proxy_source": "DOCUMENT"},
        ],
        [
            {**PROXY, "religion": 1, "ethnicity": "KAZAKH"},
            {**PROXY, **CHILD, "religion": 1, "proxy_source": "LEGAL_REPRESENTATIVE"},
            {**PROXY, "religion": 6, "proxy_reason": "REFUSED"},
            {**PROXY, "ethnicity": "KAZAKH", "proxy_source": "DOCUMENT"},
            {"religion": 1},
        ],
    ),
    "R-NAME-PLACEHOLDER": (
        [{"family_name": "Неизвестная"}, {"given_name": "белгісіз"}],
        [{"family_name": None}, {"family_name": "Белгібаева"}],
    ),
    "R-STAY-ORDER": (
        [{"stay_from_on": "2021-05-02", "stay_to_on": "2021-05-01"}],
        [{"stay_from_on": "2021-05-02", "stay_to_on": "2021-05-02"}, {"stay_to_on": "2021-05-01"}],
    ),
    "R-STAY-IN-FUTURE": ([{"stay_from_on": "2022-05-02"}], [{"stay_from_on": "2021-10-03"}]),
    "R-STAY-BEFORE-BIRTH": ([{"stay_from_on": "1981-03-04"}], [{"stay_from_on": "1981-03-05"}]),
    "R-SAFE-HOME": (
        [
            {"institution_id": "CRISIS-1", "usual_address_kato": HOME},
            {"institution_id": "CRISIS-1", "usual_address_text": "үй"},
            {"institution_id": "CRISIS-1", "previous_residence_kato": HOME},
            {"institution_id": "NOWHERE", "usual_address_kato": HOME},
            {"staff_id": "of_safe_house", "usual_address_kato": HOME},  # who may be counted where that is
            {"device_id": "safe_tablet", "usual_address_kato": HOME},
        ],
        [
            {"institution_id": "CRISIS-1", "previous_residence_kato": "470000000"},
            {"institution_id": "TB-1", "usual_address_kato": HOME, "staff_id": "stranger", "device_id": "stray"},
        ],
    ),
    "R-VISITOR-FORM": (
        [{"form_code": "F4_TEMP_VISITOR", "stay_duration": "GE12M"}],
        [{"form_code": "F4_TEMP_VISITOR", "stay_duration": "M6_12"}, {"stay_duration": "GE12M"}],
    ),
    "R-KATO": ([{"birth_place_kato": "47101"}, {"workplace_kato": "47101000X"}], [{"birth_place_kato": "471010000"}]),
    "R-COUNTRY": ([{"birth_place_country": "KAZ"}], [{"birth_place_country": "KZ"}]),
    "R-YEAR": (
        [{"arrival_year": 2030}, {"residence_since_year": 1979}],
        [{"arrival_year": 2021}, {"residence_since_year": 1981}, {"birth_on": None, "arrival_year": 1950}],
    ),
    "R-RELIGION-BRANCH": (
        [{"religion_branch": "ORTHODOX", "religion": 1}, {"religion_branch": "ORTHODOX"}],
        [{"religion_branch": "ORTHODOX", "religion": 2}, {"religion": 2}],
    ),
    "R-CITIZENSHIP-COUNTRY": (
        [{"citizenship_country": "RU"}, {"citizenship": 2, "citizenship_country": "KZ"}],
        [{"citizenship": 2, "citizenship_country": "RU"}],
    ),
    "R-FERTILITY-OF-MAN": ([{**MAN, "children_born_count": 0}], [MAN, {"children_born_count": 0}]),
    "R-FERTILITY-BEFORE-15": (
        [{**CHILD, "children_born_count": 0}, {"birth_on": "2006-09-01", "children_planned_count": 1}],
        [{"birth_on": "2006-08-31", "children_born_count": 0}, {"sex": None, "children_born_count": 1}],
    ),
    "R-CHILDREN-COUNT": ([{"children_born_count": -1}, {"children_planned_count": 26}], [{"children_born_count": 25}]),
    "R-CHILDREN-ALIVE": (
        [{"children_born_count": 1, "children_alive_count": 2}],
        [{"children_born_count": 2, "children_alive_count": 2}, {"children_alive_count": 2}],
    ),
    "R-FIRST-BIRTH-AGE": (
        [{"first_birth_on": "1993-03-04"}, {"first_birth_on": "2022-01-01"}],
        [{"first_birth_on": "1993-03-05"}],
    ),
    "R-FIRST-BIRTH-NO-CHILD": (
        [{"first_birth_on": "2001-01-01", "children_born_count": 0}],
        [{"first_birth_on": "2001-01-01", "children_born_count": 1}],
    ),
    "R-MARRIED-BEFORE-15": (
        [{"birth_on": "2006-09-01", "marital_status": 2}],
        [{"birth_on": "2006-08-31", "marital_status": 2}, {**CHILD, "marital_status": 1}],
    ),
    "R-MARRIED-AT-15": (
        [{"birth_on": "2006-08-31", "marital_status": 2}],
        [{"birth_on": "2005-08-31", "marital_status": 2}, {"birth_on": "2006-08-31", "marital_status": 1}],
    ),
    "R-WORK-BEFORE-15": (
        [{**CHILD, "has_worked_last_week": True}, {**CHILD, "occupation": "5"}],
        [{**CHILD, "has_worked_last_week": False}, {"has_worked_last_week": True}],
    ),
    "R-HIGHER-EDUCATION-BEFORE-20": (
        [{"birth_on": "2001-09-01", "education_level": 7}],
        [{"birth_on": "2001-08-31", "education_level": 7}, {"birth_on": "2001-09-01", "education_level": 6}],
    ),
    "R-LIVELIHOOD-STATE": (
        [{"institution_id": "SOCSERV-1", "livelihood_sources": ["PENSION"]}],
        [
            {"institution_id": "SOCSERV-1", "livelihood_sources": ["PENSION", "STATE_MAINTENANCE"]},
            {"institution_id": "SOCSERV-1"},
            {"institution_id": "TB-1", "livelihood_sources": ["PENSION"]},
        ],
    ),
    "R-LIVELIHOOD-MAIN": (
        [{"livelihood_sources": ["PENSION"], "livelihood_main": "WAGE"}],
        [{"livelihood_sources": ["PENSION"], "livelihood_main": "PENSION"}, {"livelihood_main": "WAGE"}],
    ),
    "R-AGE-BABY": (
        [{"institution_id": "BABY-1", "birth_on": "2016-08-31"}],
        [
            {"institution_id": "BABY-1", "birth_on": "2016-09-01"},
            {"institution_id": "BABY-1", "position_in_institution": "STAFF_LIVE_IN"},
        ],
    ),
    "R-AGE-CHILDRENS-HOME": (
        [
            {"institution_id": "ORPH-1", "birth_on": "2002-08-31"},
            {"institution_id": "ORPH-1", "birth_on": "2018-09-01"},
            {"institution_id": "ORPH-1", "birth_on": "1997-08-31", "attends_education": "UNIVERSITY"},
        ],
        [
            {"institution_id": "ORPH-1", "birth_on": "1999-01-01", "attends_education": "COLLEGE"},
            {"institution_id": "ORPH-1", **CHILD},
        ],
    ),
    "R-AGE-BOARDING-SCHOOL": (
        [
            {"institution_id": "BOARD_GIFT-1", "birth_on": "2002-08-31"},
            {"institution_id": "BOARD_GIFT-1", "birth_on": "2015-09-01"},
        ],
        [{"institution_id": "BOARD_GIFT-1", **CHILD}, {"institution_id": "BOARD_GIFT-1", "birth_on": None}],
    ),
}


@pytest.fixture(scope="module")
def failures() -> dict[str, set[str]]:
    """Ask every example at once: record id -> rules that failed."""
    con = field.connect()
    field.add(con, {"sound": {}})
    for rule_id, (failing, passing) in EXAMPLES.items():
        field.add(con, {f"{rule_id} fails {number}": record for number, record in enumerate(failing)})
        field.add(con, {f"{rule_id} passes {number}": record for number, record in enumerate(passing)})
    records.ask(con)
    rows = con.execute(
        "SELECT record_id, rule_id FROM failed INNER JOIN combination USING (failures) INNER JOIN check_list USING (check_no)"
    ).fetchall()
    found: dict[str, set[str]] = {}
    for record_id, rule_id in rows:
        found.setdefault(record_id, set()).add(rule_id)
    return found


@pytest.mark.parametrize("rule", CATALOGUE.rules, ids=lambda rule: rule.id)
def test_rule_fails_where_it_should_and_passes_beside_it(rule: Any, failures: dict[str, set[str]]) -> None:
    failing, passing = EXAMPLES[rule.id]
    missed = [r for n, r in enumerate(failing) if rule.id not in failures.get(f"{rule.id} fails {n}", set())]
    blamed = [r for n, r in enumerate(passing) if rule.id in failures.get(f"{rule.id} passes {n}", set())]
    assert (missed, blamed) == ([], [])
    assert failing
    assert passing


def test_a_sound_record_fails_nothing(failures: dict[str, set[str]]) -> None:
    assert "sound" not in failures


def test_while_the_register_holds_no_certificates_no_number_can_be_wrong() -> None:
    con = field.connect()
    con.execute("DELETE FROM certificate")
    field.add(con, {"unknown": {"certificate_no": "61"}})
    records.ask(con)
    assert con.execute("SELECT record_id, failures FROM failed").fetchall() == [("unknown", "")]


def test_a_bad_birth_date_costs_no_other_answer() -> None:
    con = field.connect()
    answers = {
        "children_born_count": 2,
        "marital_status": 2,
        "has_worked_last_week": True,
        "death_on": "2021-08-20",
        "stay_from_on": "2021-06-10",
        "first_birth_on": "1959-05-01",
    }
    field.add(con, {"future": {"birth_on": "2031-03-05", **answers}, "ancient": {"birth_on": "1681-03-05", **answers}})
    assert taken_out(con) == [("ancient", [], ["birth_on"]), ("future", [], ["birth_on"])]


def test_a_value_that_cannot_be_true_takes_no_other_with_it() -> None:
    con = field.connect()
    field.add(
        con,
        {
            "century": {"stay_from_on": "2121-06-10", "stay_to_on": "2021-08-15"},
            "many": {"children_born_count": 2, "children_alive_count": 26},
            "fewer than none": {"children_born_count": -1, "children_alive_count": 1},
        },
    )
    assert taken_out(con) == [
        ("century", [], ["stay_from_on"]),
        ("fewer than none", [], ["children_born_count"]),
        ("many", [], ["children_alive_count"]),
    ]


def taken_out(con: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str], list[str]]]:
    """Ask every rule; return what rejects each record and which of its columns are taken out."""
    records.ask(con)
    con.execute(f"CREATE TABLE checked AS {(records.HERE / 'record_check.sql').read_text()}")
    return con.execute("SELECT record_id, rejects, blanked_columns FROM checked ORDER BY 1").fetchall()


def test_people_are_not_thrown_away_for_a_bad_field() -> None:
    """Only no case, no person, no approved form, no known institution and a tablet in the wrong hands hold a record back."""
    assert {rule.id for rule in CATALOGUE.rules if rule.severity == "reject"} == {
        "R-NO-CASE-ID",
        "R-NO-SIGN-OF-A-PERSON",
        "R-FORM-NOT-APPROVED",
        "R-UNKNOWN-INSTITUTION",
        "R-DEVICE-LOST",
    }


def test_every_clause_is_served_and_every_rule_and_reason_serves_one() -> None:
    """A clause that is left out leaves what serves it without one; a rule or reason that is left out leaves its clause with a stranger."""
    served = {name: clause.id for clause in CATALOGUE.clauses for name in clause.served_by}
    reasons = {entry.id for entry in CATALOGUE.not_rules}
    sections = {rule.id: rule.requirement for rule in CATALOGUE.rules}
    assert served.keys() <= sections.keys() | reasons
    of_the_method = {name for name, section in sections.items() if section.startswith(("method", "domain"))}
    assert of_the_method | reasons <= served.keys()
    assert {name for name in of_the_method if served[name][:-1] != sections[name]} == set()


@pytest.mark.parametrize(("section", "last"), [("domain 1.3", "p"), ("method 5", "j")])
def test_the_clauses_of_a_section_are_all_there(section: str, last: str) -> None:
    letters = [clause.id[-1] for clause in CATALOGUE.clauses if clause.id[:-1] == section]
    assert letters == [chr(code) for code in range(ord("a"), ord(last) + 1)]


def test_every_rule_has_examples_and_a_requirement() -> None:
    assert set(EXAMPLES) == {rule.id for rule in CATALOGUE.rules}
    wanted = {
        "R01",
        "R02",
        "R03",
        "R04",
        "R05",
        "R07",
        "R08",
        "R10",
        "R11",
        "R14",
        "R15",
        "R16",
        "R22",
        "method 4",
        "method 5",
    }
    assert wanted <= {rule.requirement for rule in CATALOGUE.rules}


@pytest.mark.parametrize("rule", CATALOGUE.rules, ids=lambda rule: rule.id)
def test_the_message_is_there_in_three_languages(rule: Any) -> None:
    texts = [rule.message.en, rule.message.ru, rule.message.kk]
    assert len(set(texts)) == 3
    assert all(text.strip() for text in texts)
    assert not set("әғқңөұүһі") & set(rule.message.ru.lower())


def test_texts_are_what_the_reference_shows() -> None:
    shown = read_model(PATH, RuleFile)
    assert [text.id for text in shown.rules] == [rule.id for rule in CATALOGUE.rules]


def test_own_columns_of_the_evidence_are_described() -> None:
    con = field.connect()
    records.ask(con)
    columns = {place: records.columns_of(con, place) for place in records.PLACES}
    own = columns["evidence"] - columns["record"] - columns["identity"] - columns["answers"]
    assert set(CATALOGUE.columns) >= own - {"in_force_on", "governing_order"}
    assert set(CATALOGUE.columns) <= own


def test_no_rule_reads_what_it_may_not() -> None:
    """Bookkeeping of the bytes says nothing about a person."""
    used = {
        name
        for rule in CATALOGUE.rules
        for name in names_used(rule.fails_when.replace("{column}", "x").replace("{is_a_code}", "TRUE"))
    }
    assert not used & {
        "bytes_sha256",
        "answers_sha256",
        "byte_offset",
        "byte_length",
        "file_no",
        "record_no",
        "batch_id",
    }


def refused(tmp_path: Path, old: str, new: str, known: set[str] | None = None) -> str:
    """Load the rules with one thing changed; return the refusal."""
    path = tmp_path / "rules.yaml"
    text = PATH.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadReferenceFile) as raised:
        load_rules(path, known)
    return str(raised.value)


def line_of(text: str) -> int:
    """Return the line of the rule file that holds `text`."""
    return next(n for n, line in enumerate(PATH.read_text(encoding="utf-8").splitlines(), start=1) if text in line)


def test_sql_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    refusal = refused(tmp_path, "completed_at < started_at", "completed_at < (started_at")
    assert f"rules.yaml:{line_of('completed_at < started_at')}]" in refusal


def test_a_column_that_does_not_exist_is_refused_with_its_line(tmp_path: Path) -> None:
    con = field.connect()
    records.ask(con)
    known = records.columns_of(con, "evidence")
    refusal = refused(tmp_path, "unknown_key_count > 0", "unknown_keys > 0", known)
    assert f"rules.yaml:{line_of('id: R-UNKNOWN-KEY')}]" in refusal
    assert "unknown_keys" in refusal


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    severity: reject\n", "    severity: drop\n", "severity"),
        ("    blanks: [birth_on]\n", "", "if and only if"),
        ("  - id: R-TYPE\n", "  - id: R-MODE\n", "twice"),
        ("      kk: Код жіктеуіште жоқ\n", "", "kk"),
        ("    requirement: R22\n", "    requirement: R222\n", "requirement"),
        ("    for_each: coded\n", "    for_each: [sex]\n", "go together"),
    ],
)
def test_a_rule_that_is_not_whole_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    refusal = refused(tmp_path, old, new)
    assert words in refusal
    assert "rules.yaml:" in refusal


def test_a_condition_the_engine_refuses_names_the_rule(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    text = PATH.read_text(encoding="utf-8").replace("iin_sex(iin) <> sex", "iin_gender(iin) <> sex", 1)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(records, "load_rules", lambda known: load_rules(path, known))
    with pytest.raises(Exception, match="R-IIN-SEX") as raised:
        records.ask(field.connect())
    assert "iin_gender" in str(raised.value)


def test_an_error_on_a_value_does_not_show_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    text = PATH.read_text(encoding="utf-8").replace("iin_sex(iin) <> sex", "CAST(family_name AS INTEGER) <> sex", 1)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(records, "load_rules", lambda known: load_rules(path, known))
    con = field.connect()
    field.add(con, {"r": {"family_name": "Құпиябекова"}})
    with pytest.raises(Exception, match="identity") as raised:
        records.ask(con)
    assert "Құпиябекова" not in str(raised.value)
    assert raised.value.__cause__ is None
