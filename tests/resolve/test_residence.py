"""The residence table, row by row (method 4): who is counted where."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.round import load_reference
from tests.resolve.field import Field, Outcome, sound, stranger, utc

HOME = "471010000"
Day = tuple[int, int] | None
Columns = dict[str, Any]

BOARDER: Columns = {
    "site": "SCHOOL", "birth_on": date(2007, 2, 3), "stay_duration": "M6_12", "stay_from_on": date(2021, 9, 1), "has_other_home": True,
    "usual_address_kato": HOME, "residence_status": None, "position_in_institution": "TEMPORARY", "presence_reason": "STUDY",
}  # fmt: skip
PATIENT: Columns = {
    "site": "HOSPITAL", "usual_address_kato": HOME, "residence_status": "TEMP_PRESENT", "stay_duration": "LT1M",
    "stay_from_on": date(2021, 8, 25), "has_other_home": True,
}  # fmt: skip
CRISIS: Columns = {
    "site": "CRISIS", "stay_from_on": date(2021, 8, 1), "residence_status": "TEMP_PRESENT", "usual_address_kato": HOME, "sex": 2, "stay_duration": "M1_3",
}  # fmt: skip
NEWBORN = PATIENT | {"birth_on": date(2021, 8, 29), "stay_from_on": date(2021, 8, 29)}
EVE = date(2021, 8, 31)
BIRTHS = {
    (date(2021, 8, 31), "22:59"): None,
    (date(2021, 8, 31), "23:00"): "BORN_AFTER",
    (date(2021, 8, 31), None): None,
    (date(2021, 8, 30), "23:30"): None,
    (date(2021, 9, 1), "00:10"): "BORN_AFTER",
}
DEATHS = {
    (date(2021, 8, 30), None): "DIED_BEFORE",
    (date(2021, 8, 31), None): "DIED_BEFORE",
    (date(2021, 8, 31), "22:30"): "DIED_BEFORE",
    (date(2021, 8, 31), "23:00"): None,
    (date(2021, 9, 1), None): None,
}
# What people of whom no paper speaks say of themselves: where it is not said, a resident of CARE since 2015.
SAID: dict[str, Columns] = {
    "resident": {},
    "no home": {"site": "HOSPITAL", "stay_duration": "M1_3", "has_other_home": False, "stay_from_on": date(2021, 7, 1)},
    "with kin": {"residence_status": "USUAL_TEMP_ABSENT"},
    "boarder": BOARDER,
    "boarder there that night": BOARDER | {"stay_from_on": date(2021, 8, 28), "residence_status": "TEMP_PRESENT"},
    "boarder without another home": BOARDER | {"has_other_home": False, "stay_from_on": date(2018, 9, 1), "residence_status": "USUAL_PRESENT"},
    "boarder of no known home": BOARDER | {"usual_address_kato": None},
    "left in July": {"stay_to_on": date(2021, 7, 10)},
    "patient": PATIENT,
    "admitted later": PATIENT | {"stay_from_on": date(2021, 9, 20)},
    **{f"born {on} {time}": PATIENT | {"birth_on": on, "birth_time": time, "stay_from_on": on} for on, time in BIRTHS},
    "newborn": NEWBORN,
    "foundling": NEWBORN | {"has_other_home": False},
    **{f"died {on} {time}": {"death_on": on, "death_time": time} for on, time in DEATHS},
    "died that evening": {"stay_to_on": EVE, "death_on": EVE, "death_time": "23:47"},
    "left that day": {"stay_to_on": EVE},
    "in a shelter": {"site": "SHELTER", "stay_duration": "LT1M", "stay_from_on": date(2021, 8, 20), "has_other_home": False},
    "on the street": {
        "site": "PATROL", "family": None, "given": None, "birth_on": None, "age_stated": 50,
        **dict.fromkeys(("stay_duration", "stay_from_on", "residence_status")),
    },
    "of a mistyped site": {"site": "MISTYPED", "usual_address_kato": HOME},
    "hiding": CRISIS | {"has_other_home": True},
    "hiding without a home": CRISIS | {"has_other_home": False},
    "employee at home": {"position_in_institution": None, "presence_reason": "WORK", "residence_status": None},
    "foreigner for a year": {"citizenship": 2},
    "foreigner on a visit": PATIENT | {"citizenship": 2, "form_code": "F4_TEMP_VISITOR", "stay_from_on": date(2015, 3, 1), "residence_status": "USUAL_PRESENT", "usual_address_kato": None},
    "18 that day": {"birth_on": date(2003, 8, 31)},
    "18 the next day": {"birth_on": date(2003, 9, 1)},
}  # fmt: skip
# Of somebody with two stays in a ward: from when to when each was, and the states of the records of them.
STAYS: dict[str, tuple[tuple[tuple[Day, Day], ...], list[str]]] = {
    "gone and back again": ((((8, 1), (8, 10)), ((8, 28), None)), ["out_of_scope", "counted"]),
    "gone and back that day": ((((8, 1), (8, 10)), ((8, 10), None)), ["out_of_scope", "counted"]),
    "gone and not back yet": ((((8, 20), (8, 28)), ((9, 5), (10, 12))), ["out_of_scope", "out_of_scope"]),
    "one stay": ((((8, 20), (8, 28)), ((8, 20), None)), ["out_of_scope", "out_of_scope"]),
    "a stay and no word of it": ((((8, 20), (8, 28)), (None, None)), ["out_of_scope", "out_of_scope"]),
    "one stay a day apart": ((((8, 20), (8, 28)), ((8, 19), None)), ["out_of_scope", "out_of_scope"]),
    "one stay of two halves": (((None, (8, 28)), ((8, 20), None)), ["out_of_scope", "out_of_scope"]),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One field of strangers of whom no list and no book speaks."""
    field = Field()
    for number, (case, columns) in enumerate(SAID.items()):
        field.record(case, **stranger(number) | {"birth_on": date(1940 + number, 5, 17)} | columns)
    for number, (case, (stays, _)) in enumerate(STAYS.items(), len(SAID)):
        who = stranger(number) | {"birth_on": date(1940 + number, 5, 17), "iin": f"{40 + number}0517301234"}
        for side, days in zip("ab", stays, strict=True):
            start, end = (date(2021, *day) if day else None for day in days)
            field.record(f"{case} {side}", **who | PATIENT | {"stay_from_on": start, "stay_to_on": end})
    return field.resolve(tmp_path_factory.mktemp("said"))


def places(outcome: Outcome, case: str) -> tuple[str | None, str | None, str]:
    """Where somebody is counted as usual, where as present, and on what basis."""
    person = outcome.person(case)
    return person["usual_institution_id"], person["present_institution_id"], person["basis"]


def away(reason: str, destination: str | None = HOME, basis: str | None = None) -> Columns:
    """Why somebody is told to another office, and to which."""
    return {"reason": reason, "destination_kato": destination, "basis": basis}


@pytest.mark.parametrize(
    ("case", "counted"),
    [
        # row 1: who lives there is counted there
        ("resident", ("CARE", "CARE", "usual_here")),
        ("no home", ("HOSPITAL", "HOSPITAL", "usual_here")),
        # row 2: away with kin keeps the usual home
        ("with kin", ("CARE", None, "usual_here")),
        # row 3: boarders belong home, unless they have none
        ("boarder there that night", (None, "SCHOOL", "present_only")),
        ("boarder without another home", ("SCHOOL", "SCHOOL", "usual_here")),
        # row 8: newborns belong to the mother's home, and foundlings here
        ("newborn", (None, "HOSPITAL", "present_only")),
        ("foundling", ("HOSPITAL", "HOSPITAL", "usual_here")),
        # row 9: a stay that ended by death lasted until then
        ("died that evening", ("CARE", "CARE", "usual_here")),
        # row 10: shelters and street patrols count where found
        ("in a shelter", ("SHELTER", "SHELTER", "usual_here")),
        ("on the street", ("PATROL", "PATROL", "usual_here")),
        # row 11: safe houses
        ("hiding", (None, "CRISIS", "present_only")),
        ("hiding without a home", ("CRISIS", "CRISIS", "usual_here")),
        # row 12: patients are present only
        ("patient", (None, "HOSPITAL", "present_only")),
        # row 14: foreigners by their stay, not by their number
        ("foreigner for a year", ("CARE", "CARE", "usual_here")),
        ("foreigner on a visit", (None, "HOSPITAL", "present_only")),
    ],
)
def test_where_somebody_is_counted(said: Outcome, case: str, counted: tuple[str | None, ...]) -> None:
    assert places(said, case) == counted


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("boarder", "BELONGS_ELSEWHERE"),  # row 3
        ("boarder of no known home", "BELONGS_ELSEWHERE"),  # row 3a: shown apart and not counted at the school
        ("left in July", "NOT_HERE_AT_MOMENT"),  # row 4
        ("admitted later", "NOT_HERE_AT_MOMENT"),  # row 7
        ("left that day", "NOT_HERE_AT_MOMENT"),  # row 9
        ("employee at home", "BELONGS_ELSEWHERE"),  # row 13
    ],
)
def test_who_is_not_counted_and_why(said: Outcome, case: str, reason: str) -> None:
    assert (said.state(case), said.reason(case)) == ("out_of_scope", reason)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("resident", None),
        ("no home", None),
        ("boarder", away("BELONGS_ELSEWHERE")),
        ("boarder there that night", away("USUAL_HOME_ELSEWHERE", basis="present_only")),
        ("boarder of no known home", away("BELONGS_ELSEWHERE", None, "place_unresolved")),
        ("admitted later", away("NOT_HERE_AT_MOMENT")),
        ("hiding", away("USUAL_HOME_ELSEWHERE", None, "present_only")),
        ("patient", away("USUAL_HOME_ELSEWHERE", basis="present_only")),
        ("foreigner on a visit", None),
    ],
)
def test_who_is_told_to_another_office(said: Outcome, case: str, told: Columns | None) -> None:
    assert said.forwarded(case) == told


def test_row_8_births_to_the_minute(said: Outcome) -> None:
    assert {birth: said.reason(f"born {birth[0]} {birth[1]}") for birth in BIRTHS} == BIRTHS
    unknown = said.rows("SELECT case_id FROM respondent WHERE is_birth_time_unknown")
    assert unknown == [("born 2021-08-31 None",)]


def test_row_9_deaths_to_the_minute(said: Outcome) -> None:
    assert {death: said.reason(f"died {death[0]} {death[1]}") for death in DEATHS} == DEATHS


@pytest.mark.parametrize("case", STAYS)
def test_row_4_of_two_stays_each_record_tells_its_own(said: Outcome, case: str) -> None:
    assert said.are_one(f"{case} a", f"{case} b")
    assert [said.state(f"{case} {side}") for side in "ab"] == STAYS[case][1]


@pytest.mark.parametrize("case", ["of a mistyped site", "hiding", "hiding without a home"])
def test_row_11_safe_houses_and_sites_whose_category_nobody_knows_keep_no_home(said: Outcome, case: str) -> None:
    assert said.rows(f"SELECT home_kato FROM respondent WHERE case_id = '{case}'") == [(None,)]


def test_age_is_completed_by_the_civil_day_of_the_moment(said: Outcome) -> None:
    ages = [said.person(case)["age_completed"] for case in ("18 that day", "18 the next day", "on the street")]
    assert ages == [18, 17, 50]


@pytest.fixture
def field() -> Field:
    return Field()


def test_row_2_away_that_night_is_one_person_with_two_places(field: Field, tmp_path: Path) -> None:
    entry = field.entry(1, iin="500517301234")
    field.movement("LEAVE", date(2021, 8, 28), iin="500517301234")
    field.record("home", residence_status="USUAL_TEMP_ABSENT", iin="500517301234")
    field.patient("ward", stay_from_on=date(2021, 8, 28), iin="500517301234")
    outcome = field.resolve(tmp_path)
    person = outcome.person("home")
    assert outcome.are_one("home", "ward")
    assert (person["usual_institution_id"], person["present_institution_id"]) == ("CARE", "HOSPITAL")
    assert outcome.outcome(entry) == "TEMP_ABSENT"


def test_row_4_gone_before_the_moment(field: Field, tmp_path: Path) -> None:
    entry = field.entry(1)
    field.movement("DISCHARGE", date(2021, 7, 10), other_kato=HOME)
    field.record("a")
    outcome = field.resolve(tmp_path)
    assert (outcome.state("a"), outcome.reason("a")) == ("out_of_scope", "NOT_HERE_AT_MOMENT")
    assert outcome.forwarded("a") == {"reason": "NOT_HERE_AT_MOMENT", "destination_kato": HOME, "basis": None}
    assert outcome.outcome(entry) == "DEPARTED"


def test_row_5_arrived_after_the_list(field: Field, tmp_path: Path) -> None:
    field.list("CARE")
    field.movement("ADMISSION", date(2021, 7, 10))
    field.record("a", stay_from_on=date(2021, 7, 10))
    outcome = field.resolve(tmp_path)
    assert outcome.person("a")["usual_institution_id"] == "CARE"
    assert outcome.off_list("a") == ["ARRIVED_AFTER_LIST"]


def test_row_6_there_at_the_moment_and_gone_before_the_interview(field: Field, tmp_path: Path) -> None:
    field.movement("DISCHARGE", date(2021, 9, 3), site="HOSPITAL")
    field.patient("a", stay_to_on=date(2021, 9, 3), is_proxy=True, proxy_reason="LEFT", proxy_source="ADMINISTRATION")
    person = field.resolve(tmp_path).person("a")
    assert (person["present_institution_id"], person["proxy_reason"]) == ("HOSPITAL", "LEFT")


@pytest.mark.parametrize(("minute", "state"), [((17, 59), "counted"), ((18, 0), "out_of_scope")])
def test_row_7_admissions_to_the_minute(field: Field, minute: tuple[int, int], state: str, tmp_path: Path) -> None:
    """The moment is 23:00 in Aqtau, 18:00 in UTC: who comes then was not there."""
    field.movement("ADMISSION", date(2021, 8, 31), site="HOSPITAL", at=utc(2021, 8, 31, *minute))
    field.patient("a", stay_from_on=date(2021, 8, 31))
    assert field.resolve(tmp_path).state("a") == state


def test_row_7_papers_outweigh_what_is_told(field: Field, tmp_path: Path) -> None:
    field.movement("ADMISSION", date(2021, 9, 20), site="HOSPITAL")
    field.patient("a", stay_from_on=date(2021, 8, 20))
    assert field.resolve(tmp_path).reason("a") == "NOT_HERE_AT_MOMENT"


def test_row_9_a_death_in_the_books_outweighs_silence(field: Field, tmp_path: Path) -> None:
    entry = field.entry(1)
    field.movement("DEATH", date(2021, 8, 31), at=utc(2021, 8, 31, 17, 30))
    field.record("a")
    outcome = field.resolve(tmp_path)
    assert outcome.reason("a") == "DIED_BEFORE"
    assert outcome.outcome(entry) == "DIED"


def test_row_9_a_death_in_the_book_of_another_institution_is_known_everywhere(field: Field, tmp_path: Path) -> None:
    field.movement("DEATH", date(2021, 8, 20), site="HOSPITAL-2")
    field.patient("a", stay_from_on=None)
    assert field.resolve(tmp_path).reason("a") == "DIED_BEFORE"


def test_row_9_the_death_of_a_namesake_elsewhere_is_nobodys(field: Field, tmp_path: Path) -> None:
    before, after = date(2021, 8, 20), date(2021, 10, 1)
    field.movement("DEATH", before, site="HOSPITAL-2", patronymic=None)
    field.record("alive")
    field.movement("DEATH", after, "Омаров", site="HOSPITAL-2", patronymic=None)
    field.record("dead", "Омаров", death_on=before)
    field.movement("DEATH", before, "Сериков", site="HOSPITAL-2", patronymic=None)
    for case, site in (("died there", "HOSPITAL-2"), ("known here", "CARE")):
        field.record(case, "Сериков", iin="500517301234", site=site)
    field.movement("DEATH", before, "Ким", site="HOSPITAL-2", patronymic=None, iin="500517309999")
    field.record("numbered", "Ким", iin="500517309999")
    outcome = field.resolve(tmp_path)
    assert outcome.state("alive") == "counted"
    assert {outcome.reason(case) for case in ("dead", "died there", "known here", "numbered")} == {"DIED_BEFORE"}


@pytest.mark.parametrize(
    ("sex", "state", "outcome"),
    [(2, "counted", "COUNTED"), (1, "out_of_scope", "DEPARTED"), (None, "out_of_scope", "DEPARTED")],
    ids=["his twin sister", "his own, misspelt", "nobody's sex"],
)
def test_row_4_the_discharge_of_a_twin_sister_of_nearly_the_same_name_is_hers(
    field: Field, sex: int | None, state: str, outcome: str, tmp_path: Path
) -> None:
    entry = field.entry(1, given="Дамир", patronymic=None)
    field.movement("DISCHARGE", date(2021, 7, 10), given="Дамира", patronymic=None, sex=sex, other_kato=HOME)
    field.record("a", given="Дамир", patronymic=None)
    found = field.resolve(tmp_path)
    assert (found.state("a"), found.outcome(entry)) == (state, outcome)


def test_row_9_of_twins_without_a_name_one_died_and_one_went_home(field: Field, tmp_path: Path) -> None:
    twin = {"family": "Азатов", "given": None, "patronymic": None, "birth_on": date(2021, 8, 20), "site": "HOSPITAL"}
    for _ in range(2):
        field.movement("BIRTH", date(2021, 8, 20), **twin)
    field.movement("DEATH", date(2021, 8, 25), **twin)
    field.movement("DISCHARGE", date(2021, 9, 2), **twin)
    for case in ("a", "b"):
        field.patient(case, **twin, stay_from_on=date(2021, 8, 20))
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert {outcome.reason(case) for case in "ab"} == {"DIED_BEFORE", None}


def test_row_4_a_line_that_fits_two_records_of_one_name_speaks_of_both(field: Field, tmp_path: Path) -> None:
    for case, day in (("a", date(2021, 3, 1)), ("mistyped", date(2021, 3, 2))):
        field.record(case, stay_from_on=day)
    field.movement("DISCHARGE", date(2021, 7, 10))
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "mistyped")
    assert {outcome.reason(case) for case in ("a", "mistyped")} == {"NOT_HERE_AT_MOMENT"}


def test_row_10_people_without_a_name_are_never_merged(field: Field, tmp_path: Path) -> None:
    for case in ("a", "b"):
        field.record(
            case,
            "Неизвестный",
            None,
            site="PATROL",
            birth_on=date(1971, 1, 1),
            birth_date_precision="YEAR",
            patronymic=None,
        )
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")


def test_row_11_who_came_to_a_safe_house_is_looked_for_at_no_home(field: Field, tmp_path: Path) -> None:
    field.patient("ward", iin="500517301234", stay_to_on=date(2021, 8, 28))
    field.patient("refuge", iin="500517301234", site="CRISIS", stay_from_on=date(2021, 8, 28), usual_address_kato=None)
    outcome = field.resolve(tmp_path)
    assert outcome.person("refuge")["present_institution_id"] == "CRISIS"
    assert outcome.rows("SELECT institution_id, destination_kato FROM forwarded ORDER BY ALL") == [
        ("CRISIS", None),
        ("HOSPITAL", None),
    ]


def test_the_home_of_somebody_of_a_site_of_unknown_category_is_told_to_nobody(field: Field, tmp_path: Path) -> None:
    """The category may be mistyped, and the site a safe house."""
    next(row for row in field.rows["institution"] if row["institution_id"] == "CARE")["category_code"] = "TUB"
    field.entry(1)
    field.movement("DISCHARGE", date(2021, 7, 10), other_kato=HOME)
    field.record("a")
    outcome = field.resolve(tmp_path)
    assert outcome.forwarded("a") == {
        "reason": "NOT_HERE_AT_MOMENT",
        "destination_kato": None,
        "basis": "place_unresolved",
    }


def test_row_13_staff_living_in_are_private_households(field: Field, tmp_path: Path) -> None:
    field.record("a", position_in_institution="STAFF_LIVE_IN")
    field.record("b", "Омаров", position_in_institution="FAMILY_OF_STAFF")
    field.record("resident", "Сериков")
    outcome = field.resolve(tmp_path)
    assert {outcome.reason("a"), outcome.reason("b")} == {"PRIVATE_HOUSEHOLD"}
    assert outcome.rows("SELECT institution_id, reason FROM household ORDER BY reason") == [
        ("CARE", "FAMILY_OF_STAFF"),
        ("CARE", "STAFF_LIVE_IN"),
    ]


def test_row_13_a_private_household_is_named_once_and_not_beside_a_count(field: Field, tmp_path: Path) -> None:
    field.record("tablet", iin="500517301234", position_in_institution="STAFF_LIVE_IN")
    later = field.record("portal", iin="500517301234", position_in_institution="STAFF_LIVE_IN", religion=1)
    field.record("staff", "Омаров", position_in_institution="STAFF_LIVE_IN")
    field.record("resident", "Омаров")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("staff", "resident")
    assert outcome.rows("SELECT record_id FROM household") == [(later,)]


def test_row_15_one_number_on_several_people_is_set_aside(field: Field, tmp_path: Path) -> None:
    field.record("a", iin="500517301234")
    field.record("b", "Омаров", "Болат", iin="500517301234", birth_on=date(1971, 3, 9))
    outcome = field.resolve(tmp_path)
    assert (outcome.state("a"), outcome.state("b")) == ("counted", "counted")
    assert outcome.rows("SELECT DISTINCT role, rule_id FROM person_record") == [("conflict", "B")]
    assert not outcome.person("a")["has_iin"]


def test_row_16_fields_come_from_whoever_may_say_them(field: Field, tmp_path: Path) -> None:
    own = field.record("own", case_status="partial", religion=7, citizenship=1, birth_on=date(1950, 5, 17))
    proxy = field.record("proxy", is_proxy=True, proxy_source="DOCUMENT", religion=1, citizenship=3, ethnicity="KAZAKH")
    outcome = field.resolve(tmp_path)
    assert outcome.rows("SELECT column_name, record_id FROM person_field ORDER BY ALL") == [("religion", own)]
    assert outcome.person("own")["survivor_record_id"] == proxy
    assert outcome.person("own")["citizenship"] == 3


def test_row_16_every_answer_with_a_precedence_may_come_from_another_record(
    field: Field, tmp_path: Path, root: Path
) -> None:
    words: dict[str, Any] = {"integer": 1, "text": "KZ", "boolean": True, "date": date(2000, 1, 1), "list": ["KK"]}
    asked = [
        each
        for each in load_reference(root / "data" / "reference").questionnaire.variables
        if each.precedence or each.follows
    ]
    answers = {each.name: words[each.type] for each in asked if each.section != "identity"}
    own = field.record("own", iin="500517301234", case_status="partial", **answers)
    field.record("staff", is_proxy=True, proxy_source="ADMINISTRATION")
    christian = {"religion": 2, "religion_branch": "ORTHODOX"}
    field.record("of him", "Омаров", is_proxy=True, proxy_source="ADMINISTRATION", **christian)
    himself = field.record("himself", "Омаров", case_status="partial", religion=1)
    outcome = field.resolve(tmp_path)
    lent = outcome.rows("SELECT column_name, record_id FROM person_field ORDER BY ALL")
    assert [name for name, record in lent if record == own] == sorted(each.name for each in asked)
    assert {name for name, record in lent if record == himself} > christian.keys()  # without the branch


def test_row_16_where_somebody_was_the_person_says_before_staff(field: Field, tmp_path: Path) -> None:
    field.record("own", iin="500517301234", completed_at=utc(2021, 9, 3))
    field.record("staff", iin="500517301234", is_proxy=True, residence_status="USUAL_TEMP_ABSENT")
    field.patient("himself", family="Омаров", completed_at=utc(2021, 9, 3), usual_address_kato="475030100")
    field.patient("of him", family="Омаров", is_proxy=True, usual_address_kato=HOME)
    outcome = field.resolve(tmp_path)
    assert outcome.person("own")["present_institution_id"] == "CARE"
    assert outcome.rows("SELECT DISTINCT home_kato FROM respondent WHERE case_id LIKE '%him%'") == [("475030100",)]


def test_row_16_a_document_outweighs_the_person_in_facts(field: Field, tmp_path: Path) -> None:
    field.record("own", citizenship=1)
    document = field.record("proxy", case_status="partial", is_proxy=True, proxy_source="DOCUMENT", citizenship=3)
    outcome = field.resolve(tmp_path)
    assert (document,) in outcome.rows("SELECT record_id FROM person_field WHERE column_name = 'citizenship'")
    assert outcome.person("own")["citizenship"] == 3


def test_row_17_who_refuses_is_told_of_by_the_administration(field: Field, tmp_path: Path) -> None:
    told, silent = field.entry(1), field.entry(2, "Омаров", "Болат", birth_on=date(1966, 6, 6), note_code="REFUSED")
    field.record("a", is_proxy=True, proxy_reason="REFUSED", proxy_source="ADMINISTRATION")
    outcome = field.resolve(tmp_path)
    assert outcome.state("a") == "counted"
    assert (outcome.outcome(told), outcome.outcome(silent)) == ("COUNTED", "REFUSED")


def test_training_is_not_counted_and_an_early_case_is_only_flagged(field: Field, tmp_path: Path) -> None:
    early = utc(2021, 9, 25, 10)
    field.record("training", is_training=True)
    field.record("exercise", "Тестов", "Тест", started_at=early)
    field.record("early", "Омаров", started_at=early)
    field.record("named-so", "Тестова", "Мария", birth_on=date(1960, 2, 9))
    outcome = field.resolve(tmp_path)
    assert (outcome.reason("training"), outcome.reason("exercise")) == ("TRAINING", "TRAINING")
    assert (outcome.state("early"), outcome.state("named-so")) == ("counted", "counted")
    assert outcome.rows("SELECT case_id FROM respondent WHERE is_training_suspect AND scope_reason IS NULL") == [
        ("early",)
    ]


def test_who_two_institutions_claim_is_a_duplicate_where_the_papers_say_not_yet(field: Field, tmp_path: Path) -> None:
    field.movement(
        "TRANSFER_IN", date(2021, 9, 12), site="HOSPITAL-2", iin="500517301234", other_institution_id="HOSPITAL"
    )
    field.patient("first", iin="500517301234")
    field.patient("second", site="HOSPITAL-2", iin="500517301234", stay_from_on=None)
    outcome = field.resolve(tmp_path)
    assert (outcome.state("first"), outcome.state("second")) == ("counted", "duplicate")
    assert outcome.person("first")["present_institution_id"] == "HOSPITAL"


TRANSFER = {"iin": "500517301234", "birth_on": date(1950, 5, 17)}


@pytest.mark.parametrize(
    ("movement_type", "site", "other"),
    [("TRANSFER_IN", "HOSPITAL-2", "HOSPITAL"), ("TRANSFER_OUT", "HOSPITAL", "HOSPITAL-2")],
)
def test_whom_only_the_second_institution_claims_is_counted_where_the_book_of_either_says(
    field: Field, tmp_path: Path, movement_type: str, site: str, other: str
) -> None:
    field.movement(movement_type, date(2021, 9, 12), site=site, other_institution_id=other, **TRANSFER)
    field.patient("second", site="HOSPITAL-2", iin="500517301234", stay_from_on=None)
    outcome = field.resolve(tmp_path)
    assert outcome.state("second") == "counted"
    assert outcome.person("second")["present_institution_id"] == "HOSPITAL"
    assert outcome.rows("SELECT relocation_reason FROM respondent") == [("CAME_LATER",)]


def test_a_transfer_of_an_institution_to_itself_brings_nobody_there(field: Field, tmp_path: Path) -> None:
    for number in range(8):
        who = {"iin": f"500517301{number}34", "birth_on": date(1950, 5, 1 + number)}
        field.movement("TRANSFER_OUT", date(2021, 9, 12), site="HOSPITAL-2", other_institution_id="HOSPITAL-2", **who)
        field.patient(f"case {number}", site="HOSPITAL-2", stay_from_on=None, **who)
    assert field.resolve(tmp_path).rows("SELECT DISTINCT relocation_reason FROM respondent") == [(None,)]


def test_whom_neither_book_has_that_night_is_counted_where_claimed(field: Field, tmp_path: Path) -> None:
    field.movement("ADMISSION", date(2021, 8, 1), site="HOSPITAL", **TRANSFER)
    field.movement("DISCHARGE", date(2021, 8, 30), site="HOSPITAL", **TRANSFER)
    field.movement("TRANSFER_IN", date(2021, 9, 2), site="HOSPITAL-2", other_institution_id="HOSPITAL", **TRANSFER)
    field.patient("second", site="HOSPITAL-2", iin="500517301234", stay_from_on=None)
    outcome = field.resolve(tmp_path)
    assert outcome.person("second")["present_institution_id"] == "HOSPITAL-2"


def test_who_says_to_have_come_later_stays_out_of_scope(field: Field, tmp_path: Path) -> None:
    field.movement("TRANSFER_IN", date(2021, 9, 12), site="HOSPITAL-2", other_institution_id="HOSPITAL", **TRANSFER)
    field.patient("honest", site="HOSPITAL-2", iin="500517301234", stay_from_on=date(2021, 9, 12))
    field.patient("claim", site="HOSPITAL-2", iin="500517301234", stay_from_on=None)
    outcome = field.resolve(tmp_path)
    assert (outcome.reason("honest"), outcome.state("claim")) == ("NOT_HERE_AT_MOMENT", "counted")


def test_who_came_from_outside_after_the_moment_is_counted_nowhere(field: Field, tmp_path: Path) -> None:
    field.movement("TRANSFER_IN", date(2021, 9, 12), site="HOSPITAL-2", other_institution_id="ALMATY-7", **TRANSFER)
    field.patient("second", site="HOSPITAL-2", iin="500517301234", stay_from_on=None)
    assert field.resolve(tmp_path).reason("second") == "NOT_HERE_AT_MOMENT"


def test_whoever_was_there_before_the_moment_and_came_back_stays_there(field: Field, tmp_path: Path) -> None:
    field.movement("ADMISSION", date(2021, 8, 1), site="HOSPITAL-2", **TRANSFER)
    field.movement("TRANSFER_IN", date(2021, 9, 12), site="HOSPITAL-2", other_institution_id="HOSPITAL", **TRANSFER)
    field.patient("second", site="HOSPITAL-2", iin="500517301234", stay_from_on=None)
    assert field.resolve(tmp_path).person("second")["present_institution_id"] == "HOSPITAL-2"


@pytest.mark.parametrize("paper", ["book", "list"])
def test_a_mere_word_does_not_outweigh_the_papers_of_another_institution(
    field: Field, tmp_path: Path, paper: str
) -> None:
    if paper == "book":
        field.movement("ADMISSION", date(2021, 8, 20), site="HOSPITAL", **TRANSFER)
    else:
        field.entry(1, site="HOSPITAL", **TRANSFER)
        field.movement("ADMISSION", date(2021, 8, 20), "Омаров", "Болат", site="HOSPITAL", birth_on=date(1960, 1, 2))
    field.patient("word", site="HOSPITAL-2", iin="500517301234", stay_from_on=None)
    outcome = field.resolve(tmp_path)
    assert outcome.person("word")["present_institution_id"] == "HOSPITAL"
    assert outcome.rows("SELECT relocation_reason FROM respondent") == [("KEPT_ELSEWHERE",)]


def test_a_dated_stay_or_a_discharge_elsewhere_outweighs_them(field: Field, tmp_path: Path) -> None:
    field.movement("ADMISSION", date(2021, 8, 20), site="HOSPITAL", **TRANSFER)
    field.patient("dated", site="HOSPITAL-2", iin="500517301234", stay_from_on=date(2021, 8, 25))
    released = {"iin": "600517301233", "birth_on": date(1960, 5, 17)}
    field.movement("ADMISSION", date(2021, 8, 20), "Омаров", site="HOSPITAL", **released)
    field.movement("DISCHARGE", date(2021, 8, 22), "Омаров", site="HOSPITAL", **released)
    field.patient("released", family="Омаров", site="HOSPITAL-2", stay_from_on=None, **released)
    outcome = field.resolve(tmp_path)
    assert outcome.person("dated")["present_institution_id"] == "HOSPITAL-2"
    assert outcome.person("released")["present_institution_id"] == "HOSPITAL-2"


def test_row_1_a_stay_of_a_year_is_known_by_its_date_too(field: Field, tmp_path: Path) -> None:
    patient = {"stay_duration": None, "residence_status": None}
    field.patient("stated", **patient, stay_from_on=date(2020, 8, 31))
    field.patient("shorter", family="Омаров", **patient, stay_from_on=date(2020, 9, 1))
    field.patient("said", family="Сериков", stay_from_on=date(2015, 9, 1))
    field.movement("ADMISSION", date(2020, 3, 1), "Ким", site="HOSPITAL")
    field.patient("booked", family="Ким", **patient, stay_from_on=None)
    outcome = field.resolve(tmp_path)
    homes = {case: outcome.person(case)["usual_institution_id"] for case in ("stated", "shorter", "said", "booked")}
    assert homes == {"stated": "HOSPITAL", "shorter": None, "said": None, "booked": "HOSPITAL"}


def test_row_8_a_birth_in_the_book_after_the_moment_is_nobody_to_hand_on(field: Field, tmp_path: Path) -> None:
    field.movement("BIRTH", date(2021, 9, 3), site="HOSPITAL", birth_on=date(2021, 9, 3))
    field.patient("a", birth_on=None, birth_date_precision="AGE_ONLY", age_stated=0, stay_from_on=None)
    outcome = field.resolve(tmp_path)
    assert (outcome.reason("a"), outcome.forwarded("a")) == ("BORN_AFTER", None)


def test_row_10_street_patrols_count_where_they_first_met_somebody(field: Field, tmp_path: Path) -> None:
    field.rows["institution"].append(
        {"institution_id": "PATROL-2", "category_code": "HOMELESS_PATROL", "kato": "471810000"}
    )
    met = {"iin": "500517301234", "residence_status": None, "stay_duration": None, "stay_from_on": None}
    field.record("again", site="PATROL-2", **met, completed_at=utc(2021, 10, 9))
    field.record("first", site="PATROL", **met, completed_at=utc(2021, 10, 5))
    person = field.resolve(tmp_path).person("first")
    assert (person["usual_institution_id"], person["present_institution_id"]) == ("PATROL", "PATROL")


def test_row_16_a_documents_death_birth_and_departure_are_the_persons(field: Field, tmp_path: Path) -> None:
    document = {"is_proxy": True, "proxy_source": "DOCUMENT", "completed_at": utc(2021, 9, 3)}
    memory = {"is_proxy": True, "proxy_source": "ADMINISTRATION"}
    infant = {"sex": 2, "stay_from_on": None, "patronymic": "Омарқызы"}
    told = {
        "died": ({}, {**document, "death_on": date(2021, 8, 20)}),
        "lives": ({}, {**memory, "death_on": date(2021, 8, 20)}),
        "born": (
            {**infant, **memory, "birth_on": date(2021, 8, 31)},
            {**infant, **document, "birth_on": date(2021, 9, 1)},
        ),
        "old": ({}, {**document, "birth_on": date(2021, 9, 1)}),
        "left": ({}, {**document, "stay_to_on": date(2021, 8, 28)}),
    }
    for number, (case, records) in enumerate(told.items()):
        for which, columns in zip("ab", records, strict=True):
            field.record(f"{case} {which}", stranger(number)["family"], iin=sound(f"500{number}1730123"), **columns)
    outcome = field.resolve(tmp_path)
    assert all(outcome.are_one(f"{case} a", f"{case} b") for case in told)
    reasons = {case: outcome.reason(f"{case} a") for case in told}
    assert reasons == {
        "died": "DIED_BEFORE",
        "lives": None,
        "born": "BORN_AFTER",
        "old": None,
        "left": "NOT_HERE_AT_MOMENT",
    }


def test_row_16_whoever_knows_the_day_of_birth_is_believed_before_a_document_of_the_year(
    field: Field, tmp_path: Path
) -> None:
    field.record("own")
    field.record(
        "paper",
        is_proxy=True,
        proxy_source="DOCUMENT",
        birth_on=date(1950, 1, 1),
        birth_date_precision="YEAR",
        iin=None,
    )
    field.say("own", "paper", "same")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("own", "paper")
    assert outcome.rows("SELECT column_name FROM person_field WHERE column_name = 'birth_date'") == []


def test_row_16_the_representative_of_a_child_known_by_its_age_speaks_for_it(field: Field, tmp_path: Path) -> None:
    child = {
        "iin": "500517301234",
        "birth_on": None,
        "birth_date_precision": "AGE_ONLY",
        "age_stated": 9,
        "is_proxy": True,
    }
    field.record("staff", **child, proxy_source="ADMINISTRATION", completed_at=utc(2021, 10, 9))
    said = field.record("mother", **child, proxy_source="LEGAL_REPRESENTATIVE", religion=7)
    field.rows["answers"][0] |= {"native_language": "KAZ", "ethnicity": "KAZ"}
    rows = field.resolve(tmp_path).rows("SELECT column_name, record_id FROM person_field")
    assert ("religion", said) in rows


@pytest.mark.parametrize(("ward_tier", "destination"), [(None, HOME), ("S2", HOME), ("S3", None)])
def test_the_home_of_somebody_of_a_site_with_a_ward_of_s3_is_told_to_nobody(
    field: Field, tmp_path: Path, ward_tier: str | None, destination: str | None
) -> None:
    """Records name no ward: any patient may be of that one."""
    next(row for row in field.rows["institution"] if row["institution_id"] == "HOSPITAL")["ward_tier"] = ward_tier
    field.patient("a", stay_to_on=date(2021, 8, 28))
    outcome = field.resolve(tmp_path)
    assert outcome.forwarded("a")["destination_kato"] == destination
