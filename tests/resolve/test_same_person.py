"""Which records are one person: every tier of evidence, and everything that parts two people."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.resolve.field import Field, sound, utc

NUMBER = sound("50051730123")
BORN = date(1950, 5, 17)


@pytest.fixture
def field() -> Field:
    return Field()


# ---------------------------------------------------------------------------------------------------------- evidence


def test_a_one_number_and_one_birth_date(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", "Akhmetov", "Nurlan", iin=NUMBER, patronymic=None, site="HOSPITAL")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("a") == "A"


def test_a_one_number_and_one_name_with_a_slip_in_the_date(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", iin=NUMBER, birth_on=date(1951, 5, 17))
    assert field.resolve(tmp_path).are_one("a", "b")


def test_a_another_sex_does_not_part_one_number_name_and_birth_date(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", iin=NUMBER, sex=2)
    assert field.resolve(tmp_path).are_one("a", "b")


UNDATED = {"birth_on": None, "birth_date_precision": "AGE_ONLY"}


def test_a_one_number_and_nothing_that_bears_it_out_is_looked_at(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("undated", "Омаров", "Болат", iin=NUMBER, patronymic="Айдосұлы", **UNDATED)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "undated")
    assert outcome.reviews() == ["NUMBER_ALONE"]


def test_a_a_name_bears_a_number_out_where_nobody_knows_the_birth_date(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("undated", "Akhmetov", "Н.", iin=NUMBER, patronymic=None, **UNDATED)
    assert field.resolve(tmp_path).are_one("a", "undated")


def test_b_one_number_typed_for_a_ward(field: Field, tmp_path: Path) -> None:
    people = [("Ахметов", "Нұрлан"), ("Омаров", "Болат"), ("Сериков", "Айдос"), ("Байжанов", "Ерлан")]
    for day, (family, given) in enumerate(people, 1):
        field.record(family, family, given, iin=NUMBER, birth_on=date(1940 + day, day, 3 * day), patronymic=None)
    field.record("again", *people[1], iin=NUMBER, birth_on=date(1942, 2, 6), patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart(*(family for family, _ in people))
    assert outcome.are_one("Омаров", "again")
    assert outcome.rows("SELECT count(*) FROM person WHERE has_iin") == [(0,)]


@pytest.mark.parametrize(
    "other",
    [
        {"family": "Омаров", "given": "Нұрлан", "birth_on": date(1971, 3, 9)},
        {"family": "Ахметов", "given": "Нұрлат", "birth_on": date(1971, 3, 9)},
    ],
    ids=["one given name and nothing else", "a brother of a near name"],
)
def test_b_a_number_is_not_borne_out_by_a_name_where_the_rest_speaks_against_it(
    field: Field, tmp_path: Path, other: dict[str, Any]
) -> None:
    field.record("a", iin=NUMBER, patronymic=None)
    field.record("other", iin=NUMBER, patronymic=None, **other)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "other")
    assert outcome.reviews() == ["NUMBER_ALONE"]


def test_b_a_guessed_birth_date_does_not_make_one_of_two_with_three_names_each(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", "Омаров", "Болат", iin=NUMBER, birth_on=date(1950, 1, 1), patronymic="Айдосұлы")
    assert field.resolve(tmp_path).are_apart("a", "b")


def test_b_the_number_of_an_unnamed_newborn_does_not_make_one_of_two(field: Field, tmp_path: Path) -> None:
    field.patient("newborn", family="Азатов", given=None, patronymic=None, iin=NUMBER, birth_on=date(2021, 8, 22))
    field.patient("man", iin=NUMBER, birth_on=date(1983, 8, 11))
    assert field.resolve(tmp_path).are_apart("newborn", "man")


def test_a_the_number_of_the_father_typed_for_an_unnamed_newborn(field: Field, tmp_path: Path) -> None:
    field.patient("newborn", family="Азатов", given=None, patronymic=None, iin=NUMBER, birth_on=date(2021, 8, 22))
    field.patient("father", family="Азатов", iin=NUMBER)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("newborn", "father")
    assert outcome.reviews() == ["NUMBER_ALONE"]


def test_b_names_in_each_others_field_do_not_make_two_of_one(field: Field, tmp_path: Path) -> None:
    field.record("a", "Байжанов", iin=NUMBER)
    field.record("b", "Нұрлан", "Байжанов", iin=NUMBER, birth_on=date(1971, 3, 9))
    field.record("mistyped", "Байжамов", iin=NUMBER)
    assert field.resolve(tmp_path).are_one("a", "b", "mistyped")


def test_b_a_common_given_name_does_not_make_one_of_two(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", "Омаров", iin=NUMBER, birth_on=date(1971, 3, 9), patronymic="Болатұлы")
    assert field.resolve(tmp_path).are_apart("a", "b")


def test_c_name_and_birth_date_here_where_one_has_no_number(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", iin=None, patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("b") == "C"


def test_c_kazakh_russian_and_latin_spelling(field: Field, tmp_path: Path) -> None:
    field.record("kk", "Әбдірахманов", "Құаныш", patronymic="Серікұлы")
    field.record("ru", "Абдирахманов", "Куаныш", patronymic="Серикович")
    field.record("latin", "Abdirakhmanov", "Kuanysh", patronymic="Serikuly")
    assert field.resolve(tmp_path).are_one("kk", "ru", "latin")


def test_c_one_letter_of_the_family_name_mistyped(field: Field, tmp_path: Path) -> None:
    field.record("a", "Байжанов")
    field.record("b", "Байжамов")
    field.record("two letters off", "Байдагов")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.are_apart("a", "two letters off")


def test_c_given_and_family_name_swapped(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("b", "Нұрлан", "Ахметов")
    assert field.resolve(tmp_path).are_one("a", "b")


def test_c_a_patronymic_typed_into_the_given_name(field: Field, tmp_path: Path) -> None:
    field.record("a", given="Нұрлан", patronymic="Серікұлы")
    field.record("b", given="Нурлан Серикович", patronymic=None)
    field.record("c", given="Нурлан Маратович", patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.are_apart("a", "c")


def test_initials_are_no_other_given_name(field: Field, tmp_path: Path) -> None:
    field.record("a", given="Нұрлан С.", iin=NUMBER)
    field.record("b", given="Н.", patronymic="С.", iin=NUMBER)
    assert field.resolve(tmp_path).are_one("a", "b")


@pytest.mark.parametrize(
    ("other", "asked"),
    [({}, ["GIVEN_NAME_MISSING"]), ({"sex": 2}, []), ({"patronymic": "Болатұлы"}, []), ({"site": "HOSPITAL"}, [])],
)
def test_a_human_looks_where_one_has_an_initial_for_a_given_name(
    field: Field, other: dict[str, Any], asked: list[str], tmp_path: Path
) -> None:
    field.record("a", "Серіков", "Асан", patronymic="Ерланұлы")
    field.record("b", "Серіков", "А.", **{"patronymic": "Е.", **other})
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == asked


def test_c_a_shared_guess_of_the_birth_date_takes_one_place(field: Field, tmp_path: Path) -> None:
    guess = {"birth_on": date(1951, 1, 1), "birth_date_precision": "YEAR", "patronymic": None}
    field.record("a", **guess)
    field.record("b", **guess)
    field.record("c", **guess, site="HOSPITAL")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.are_apart("a", "c")


def test_c_a_wrong_sex_does_not_part_a_full_name_and_a_shared_guess(field: Field, tmp_path: Path) -> None:
    guess = {"birth_on": date(1951, 1, 1), "birth_date_precision": "YEAR"}
    field.record("a", **guess)
    field.record("b", **guess, sex=2)
    assert field.resolve(tmp_path).are_one("a", "b")


def test_d_digit_eleven_is_not_protected(field: Field, tmp_path: Path) -> None:
    twin = NUMBER[:10] + str((int(NUMBER[10]) + 1) % 10) + NUMBER[11]
    field.record("a", iin=NUMBER)
    field.record("b", iin=twin, patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("b") == "D"


def test_d_neighbour_numbers_of_two_given_names_stay_two(field: Field, tmp_path: Path) -> None:
    twin = NUMBER[:10] + str((int(NUMBER[10]) + 1) % 10) + NUMBER[11]
    field.record("a", given="Хасен", iin=NUMBER)
    field.record("b", given="Хусен", iin=twin)
    assert field.resolve(tmp_path).are_apart("a", "b")


@pytest.mark.parametrize(
    "other",
    [{"patronymic": "Болатұлы"}, {"birth_on": date(1971, 3, 9)}, {"family": "Омаров"}],
    ids=lambda other: next(iter(other)),
)
def test_d_neighbour_numbers_of_another_father_birth_date_or_family_stay_two(
    field: Field, other: dict[str, Any], tmp_path: Path
) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", **other, iin=NUMBER[:10] + str((int(NUMBER[10]) + 1) % 10) + NUMBER[11])
    assert field.resolve(tmp_path).are_apart("a", "b")


def test_d_a_number_never_issued_and_a_name_by_ear_are_a_slip_each(field: Field, tmp_path: Path) -> None:
    slip = f"{NUMBER[:9]}{(int(NUMBER[9]) + 2) % 10}{NUMBER[10:]}"
    field.record("a", "Ниязова", "Күлия", iin=NUMBER)
    field.record("b", "Ниазова", "Кулиа", iin=slip)
    field.record("twin", "Ниязова", "Кулина", iin=sound(f"{NUMBER[:10]}{(int(NUMBER[10]) + 1) % 10}"))
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("b") == "D"
    assert outcome.are_apart("a", "twin")


def test_e_day_and_month_swapped(field: Field, tmp_path: Path) -> None:
    field.record("a", birth_on=date(1950, 3, 5))
    field.record("b", birth_on=date(1950, 5, 3))
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("b") == "E"


def test_e_a_slip_in_the_date_and_another_sex_are_two_slips(field: Field, tmp_path: Path) -> None:
    field.record("a", birth_on=date(1950, 3, 5))
    field.record("b", birth_on=date(1950, 5, 3), sex=2)
    assert field.resolve(tmp_path).are_apart("a", "b")


def test_e_without_a_fathers_name_a_human_looks(field: Field, tmp_path: Path) -> None:
    field.record("a", birth_on=date(1950, 3, 5), patronymic=None)
    field.record("b", birth_on=date(1951, 3, 5), patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == ["NEAR_BIRTH_DATES"]


def test_e_the_list_decides_instead_of_a_human(field: Field, tmp_path: Path) -> None:
    field.entry(7, birth_on=date(1950, 3, 5))
    field.record("a", birth_on=date(1950, 3, 5), list_entry_no=7, patronymic=None)
    field.record("b", birth_on=date(1951, 3, 5), list_entry_no=7, patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("b") == "L"


def test_f_elsewhere_takes_the_fathers_name_too(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("b", site="HOSPITAL")
    field.record("c", site="HOSPITAL-2", patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("b") == "F"
    assert outcome.are_apart("a", "c")
    assert set(outcome.reviews()) == {"OTHER_INSTITUTION"}


NEW_YEAR = date(1950, 1, 1)  # nobody knows the day


@pytest.mark.parametrize("patronymic", ["Маратович", None])
def test_elsewhere_a_human_looks_where_nobody_knows_the_day_of_birth(
    field: Field, patronymic: str | None, tmp_path: Path
) -> None:
    field.record("a", birth_on=NEW_YEAR, patronymic=patronymic)
    field.record("b", birth_on=NEW_YEAR, patronymic=patronymic, site="HOSPITAL")
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == ["OTHER_INSTITUTION"]


def test_f_an_admission_book_that_names_the_other_institution_will_do(field: Field, tmp_path: Path) -> None:
    field.movement("TRANSFER_IN", date(2021, 7, 1), site="HOSPITAL-2", patronymic=None, other_institution_id="HOSPITAL")
    field.patient("a", patronymic=None, stay_to_on=date(2021, 7, 1))
    field.patient("b", patronymic=None, site="HOSPITAL-2")
    assert field.resolve(tmp_path).are_one("a", "b")


def test_f_one_leaves_on_the_day_on_which_the_other_takes_in(field: Field, tmp_path: Path) -> None:
    field.movement("LEAVE", date(2021, 8, 18), site="ORPHANS")
    field.movement("ADMISSION", date(2021, 8, 18), site="HOSPITAL")
    field.record("home", site="ORPHANS", residence_status="USUAL_TEMP_ABSENT")
    field.patient("ward", patronymic=None, stay_from_on=date(2021, 8, 18))
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("home", "ward")
    assert outcome.person("home")["usual_institution_id"] == "ORPHANS"
    assert outcome.person("home")["present_institution_id"] == "HOSPITAL"


@pytest.mark.parametrize("movement_type", ["BIRTH", "DISCHARGE"])
def test_unnamed_newborns_are_one_where_the_book_knows_one(field: Field, tmp_path: Path, movement_type: str) -> None:
    born = {"given": None, "patronymic": None, "birth_on": date(2021, 8, 30), "stay_from_on": date(2021, 8, 30)}
    field.movement(movement_type, date(2021, 9, 6), given=None, site="HOSPITAL", birth_on=date(2021, 8, 30))
    field.patient("a", **born)
    field.patient("b", **born)
    for _ in range(2):
        field.movement(movement_type, date(2021, 9, 6), "Омаров", None, site="HOSPITAL", birth_on=date(2021, 8, 30))
    field.patient("c", family="Омаров", **born)
    field.patient("d", family="Омаров", **born)
    field.patient("sister", sex=2, **born)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.are_apart("a", "sister")
    assert outcome.are_apart("c", "d")


# ------------------------------------------------------------------------------------------------------------ guards


@pytest.mark.parametrize("names", [("Хасен", "Хусен"), ("Нұрдана", "Нұрсана"), ("Фатима", "Зухра")])
def test_twins_stay_two(field: Field, names: tuple[str, str], tmp_path: Path) -> None:
    first = sound("15031060012")
    second = sound("15031060013")
    born = date(2015, 3, 10)
    field.record("a", given=names[0], birth_on=born, iin=first, site="ORPHANS")
    field.record("b", given=names[1], birth_on=born, iin=second, site="ORPHANS")
    field.record("c", given=names[1], birth_on=born, iin=None, site="ORPHANS")
    field.record("d", given=names[0], birth_on=born, iin=second, site="ORPHANS")  # a twin's number typed for the other
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert not outcome.are_one("a", "c")
    assert not outcome.are_one("b", "d") or not outcome.are_one("a", "d")


@pytest.mark.parametrize(
    ("born", "asked"), [(date(2015, 3, 10), []), (date(2003, 9, 1), []), (date(2003, 8, 31), ["TWO_NUMBERS"])]
)
def test_nobody_is_asked_whether_two_numbers_are_one_child(
    field: Field, born: date, asked: list[str], tmp_path: Path
) -> None:
    """An adopted child gets a new number; the old and the new are never searched for or linked."""
    field.record("a", birth_on=born, iin=sound(f"{born:%y%m%d}60012"))
    field.record("b", birth_on=born, iin=sound(f"{born:%y%m%d}60022"))
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == asked


@pytest.mark.parametrize(("born", "asked"), [(date(2015, 3, 10), []), (date(1990, 3, 10), ["PARTED"])])
def test_nobody_is_asked_by_way_of_a_third_record_whether_two_numbers_are_one_child(
    field: Field, born: date, asked: list[str], tmp_path: Path
) -> None:
    field.record("a", birth_on=born, iin=sound(f"{born:%y%m%d}60012"))
    field.record("b", "Нұрлан", "Ахметов", birth_on=born, iin=sound(f"{born:%y%m%d}60022"))
    field.record("between", birth_on=born)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "between")
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == asked


@pytest.mark.parametrize("site", ["CARE", "BABIES"])
@pytest.mark.parametrize(("born", "shown"), [(date(2015, 3, 10), []), (date(1990, 3, 10), ["b"])])
def test_no_explanation_leads_from_a_childs_old_number_to_the_new_one_by_way_of_a_third_record(
    field: Field, born: date, shown: list[str], site: str, tmp_path: Path
) -> None:
    field.record("a", birth_on=born, iin=sound(f"{born:%y%m%d}60012"))
    field.record("b", birth_on=born, iin=sound(f"{born:%y%m%d}60022"), site="ORPHANS")
    field.record("between", birth_on=born, site=site, patronymic=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "between") == (site == "CARE")
    assert outcome.are_apart("a", "b")
    assert outcome.are_apart("b", "between")
    compared = (
        "SELECT a.case_id FROM compared_pair JOIN respondent AS a ON left_record_id = a.record_id "
        "JOIN respondent AS b ON right_record_id = b.record_id WHERE b.case_id = 'between' ORDER BY ALL"
    )
    assert [case for (case,) in outcome.rows(compared)] == (["a"] if site == "CARE" or shown else []) + shown


def test_a_human_looks_at_a_child_whose_number_cannot_have_been_issued(field: Field, tmp_path: Path) -> None:
    born = date(2015, 3, 10)
    field.entry(1, birth_on=born)
    field.record("a", birth_on=born, iin=sound("15031060012"), list_entry_no=1)
    field.record("b", birth_on=born, iin="150310600567", list_entry_no=1)  # its check digit fails
    field.record("c", birth_on=born, list_entry_no=1)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == ["PARTED"]


def test_two_words_about_a_third_record_do_not_make_one_child_of_two_numbers(field: Field, tmp_path: Path) -> None:
    born = date(2015, 3, 10)
    field.record("a", birth_on=born, iin=sound("15031060012"))
    field.record("b", "Петров", birth_on=born, iin=sound("15031060022"), site="ORPHANS")
    field.record("between", birth_on=born, patronymic=None, site="BABIES")
    field.say("a", "between", "same")
    field.say("between", "b", "same")
    outcome = field.resolve(tmp_path / "of a third")
    assert outcome.are_one("a", "between")
    assert outcome.are_apart("a", "b")
    field.say("a", "b", "same")
    field.record("a again", birth_on=born, iin=sound("15031060012"))
    assert field.resolve(tmp_path / "of the two").are_one("a", "a again", "b", "between")


def test_brothers_of_one_day_with_one_number_typed_for_both(field: Field, tmp_path: Path) -> None:
    field.record("a", given="Асқар", iin=NUMBER)
    field.record("b", given="Болат", iin=NUMBER)
    field.record("undated", given="Ерлан", iin=NUMBER, **UNDATED)
    assert field.resolve(tmp_path).are_apart("a", "b", "undated")


def test_namesakes_with_two_numbers_stay_two_and_are_looked_at(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", iin=sound("50051730999"))
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == ["TWO_NUMBERS"]


def test_namesakes_of_one_day_came_on_two(field: Field, tmp_path: Path) -> None:
    field.patient("a", iin=NUMBER, stay_from_on=date(2021, 8, 14))
    field.patient("b", stay_from_on=date(2021, 8, 30))
    field.patient("again", iin=NUMBER, stay_from_on=date(2021, 8, 15))
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.are_one("a", "again")
    assert set(outcome.reviews()) == {"TWO_STAYS"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"iin": sound("50051730123")}, {"iin": sound("50051730999"), "patronymic": "Болатұлы"}),
        ({"birth_on": date(1950, 1, 1)}, {"birth_on": date(1950, 1, 1), "family": "Омаров"}),
        ({}, {"family": "Омаров"}),
    ],
    ids=["two numbers, two fathers", "two families of one 1 January", "two families of one birth date"],
)
def test_nobody_is_asked_about_namesakes_who_are_plainly_two(
    field: Field, one: dict[str, Any], other: dict[str, Any], tmp_path: Path
) -> None:
    field.record("a", **one)
    field.record("b", **other)
    outcome = field.resolve(tmp_path)
    assert outcome.rows("SELECT count(*) FROM compared_pair") == [(1,)]
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == []


def test_namesakes_are_not_joined_through_a_third_record(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", iin=sound("50051730999"))
    field.record("c", iin=None)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.rows("SELECT count(*) FROM person") == [(2,)]


def test_namesakes_on_two_rows_of_one_list_stay_two(field: Field, tmp_path: Path) -> None:
    field.entry(1, iin=NUMBER)
    field.entry(2, iin=sound("50051730999"))
    field.record("a", list_entry_no=1)
    field.record("b", list_entry_no=2)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")


def test_one_number_on_two_rows_of_one_list_is_looked_at(field: Field, tmp_path: Path) -> None:
    field.entry(1, given="Дана")
    field.entry(2, given="Дина")
    field.record("a", given="Дана", iin=NUMBER, list_entry_no=1)
    field.record("b", given="Дина", iin=NUMBER, list_entry_no=2)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == ["TWO_ENTRIES"]


def test_one_number_on_two_namesakes_is_looked_at(field: Field, tmp_path: Path) -> None:
    other = {"patronymic": "Болатұлы", "birth_on": date(1971, 3, 9)}
    field.entry(1)
    field.entry(2, **other)
    field.record("a", iin=NUMBER, list_entry_no=1)
    field.record("b", iin=NUMBER, list_entry_no=2, **other)
    field.record("third", iin=NUMBER, patronymic=None, **UNDATED)
    unlisted = {"family": "Омаров", "iin": sound("60051730123")}
    field.record("c", **unlisted)
    field.record("d", **unlisted, **other)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b", "c", "d")
    assert set(outcome.reviews()) == {"NUMBER_ALONE", "PARTED"}


def test_an_adopted_childs_old_and_new_number_are_never_linked(field: Field, tmp_path: Path) -> None:
    born = date(2016, 4, 2)
    field.record(
        "old", "Ахметова", "Айгүл", birth_on=born, iin=sound("16040260012"), sex=2, site="BABIES", patronymic=None
    )
    field.record(
        "new", "Петрова", "Айгуль", birth_on=born, iin=sound("16040260345"), sex=2, site="ORPHANS", patronymic=None
    )
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("old", "new")
    assert outcome.reviews() == []


def test_a_contested_number_hides_no_adoption(field: Field, tmp_path: Path) -> None:
    born, old = date(2016, 4, 2), sound("16040260012")
    child = {"birth_on": born, "sex": 2, "patronymic": None}
    field.record("old", "Ахметова", "Айгүл", iin=old, site="BABIES", **child)
    field.record("ward", "Ким", "Виктор", iin=old, birth_on=date(2014, 7, 9), site="BABIES")
    field.record("new", "Ахметова", "Айгуль", iin=sound("16040260345"), site="ORPHANS", **child)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("old", "new", "ward")
    assert outcome.reviews() == []


def test_phonetic_keys_only_block(field: Field, tmp_path: Path) -> None:
    field.record("a", "Сериков", "Дана", sex=2)
    field.record("b", "Сериков", "Дина", sex=2)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert outcome.reviews() == ["NEAR_GIVEN_NAMES"]


def test_unknown_people_are_one_only_by_the_row_of_the_list(field: Field, tmp_path: Path) -> None:
    unknown = {"birth_on": None, "birth_date_precision": "AGE_ONLY", "patronymic": None, "age_stated": 60}
    field.entry(5, "Белгісіз", None, patronymic=None, birth_on=None)
    field.record("a", "Белгісіз", None, list_entry_no=5, **unknown)
    field.record("b", "Неизвестный", None, list_entry_no=5, **unknown)
    field.record("c", "Белгісіз", None, **unknown)
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.are_apart("a", "c")


def test_who_gives_no_name_is_not_whoever_has_one_in_the_row_of_the_list(field: Field, tmp_path: Path) -> None:
    unknown = {"birth_on": None, "birth_date_precision": "AGE_ONLY", "patronymic": None, "age_stated": 60}
    named = field.entry(5)
    field.record("a", None, None, list_entry_no=5, **unknown)
    outcome = field.resolve(tmp_path)
    assert outcome.outcome(named) == "NOT_FOUND"
    assert outcome.off_list("a") == ["MISSED_BY_LIST"]


def test_training_drafts_and_withdrawals_never_join_anybody(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", iin=NUMBER, is_training=True)
    field.record("c", iin=NUMBER, case_status="draft")
    field.record("d", iin=NUMBER, case_status="withdrawn")
    outcome = field.resolve(tmp_path)
    assert outcome.rows("SELECT count(*) FROM person_record") == [(1,)]
    assert outcome.rows("SELECT count(*) FROM compared_pair") == [(0,)]


SILENT = ({"is_training": True}, {"case_status": "draft"}, {"case_status": "withdrawn"})
EXERCISE = {"family": "Учебный", "given": "Пример", "started_at": utc(2021, 9, 25, 10)}


@pytest.mark.parametrize("silent", [*SILENT, EXERCISE], ids=lambda silent: next(iter(silent.values())))
def test_a_record_that_speaks_of_nobody_contests_no_number(
    field: Field, silent: dict[str, Any], tmp_path: Path
) -> None:
    field.record("a", iin=NUMBER)
    other = {"family": "Омаров", "given": "Болат", "birth_on": date(1971, 3, 9), "patronymic": None, **silent}
    field.record("exercise", iin=NUMBER, **other)
    field.record("one", "Сериков", "Нұрсана", iin=sound("60051730123"), birth_on=date(1960, 5, 17))
    field.record("slip", "Сериков", "Нұрсаня", iin=sound("60051730123"), birth_on=date(1960, 5, 17))
    near = {"family": "Сериков", "given": "Нұрсаня", "birth_on": date(1960, 5, 17), **silent}
    field.record("twin", iin=sound("60051730777"), **near)
    outcome = field.resolve(tmp_path)
    assert outcome.person("a")["has_iin"]
    assert outcome.are_one("one", "slip")


@pytest.mark.parametrize("silent", SILENT, ids=lambda silent: next(iter(silent.values())))
def test_a_record_that_speaks_of_nobody_takes_no_movement_from_anybody(
    field: Field, silent: dict[str, Any], tmp_path: Path
) -> None:
    field.movement("DISCHARGE", date(2021, 7, 10), iin=NUMBER)
    field.record("a")
    field.record("nearer", iin=NUMBER, **silent)
    assert field.resolve(tmp_path).reason("a") == "NOT_HERE_AT_MOMENT"


# ---------------------------------------------------------------------------------------------------------- survivor


def test_the_survivor_is_whole_first_hand_and_late(field: Field, tmp_path: Path) -> None:
    cases = {
        "partial": {"case_status": "partial", "religion": 1, "ethnicity": "KAZAKH", "native_language": "KAZAKH"},
        "proxy": {"is_proxy": True, "proxy_source": "ADMINISTRATION", "religion": 1, "ethnicity": "KAZAKH"},
        "thin": {},
        "full": {"religion": 1, "marital_status": 2},
    }
    for case, columns in cases.items():
        field.record(case, iin=NUMBER, **columns)
    outcome = field.resolve(tmp_path)
    assert outcome.states("full") == ["counted"]
    assert {outcome.state(case) for case in ("partial", "proxy", "thin")} == {"duplicate"}
    assert outcome.person("thin")["record_count"] == 4
    [(first,)] = outcome.rows("SELECT received_at FROM record WHERE case_id = 'partial'")
    assert outcome.person("full")["received_at"] == first  # nobody is new by another record that stands for them


def test_the_founder_is_admitted_first_and_a_release_counts_from_its_day(field: Field, tmp_path: Path) -> None:
    held = field.record("held", iin=NUMBER, rejects=["R-FORM-NOT-APPROVED"])
    field.record("b", iin=NUMBER)
    field.decide(held, "release")
    outcome = field.resolve(tmp_path)
    assert outcome.person("held")["founder_case_id"] == "b"


# ------------------------------------------------------------------------------------------------------------- place


def test_a_wrong_site_is_mended_by_staff_and_tablet(field: Field, tmp_path: Path) -> None:
    field.record("a", site="CARE", institution_id="SCHOOL")
    outcome = field.resolve(tmp_path)
    assert outcome.person("a")["usual_institution_id"] == "CARE"
    assert outcome.rows("SELECT institution_written_id, relocation_reason FROM respondent") == [
        ("SCHOOL", "WRITTEN_DISAGREES")
    ]


def test_staff_and_tablet_give_way_to_the_list_of_the_institution_written(field: Field, tmp_path: Path) -> None:
    field.entry(1, site="ORPHANS")
    field.entry(1, "Омаров", site="CARE")
    field.record("listed there", site="CARE", institution_id="ORPHANS")
    field.record("listed here", "Омаров", site="CARE", institution_id="ORPHANS")
    outcome = field.resolve(tmp_path)
    assert outcome.person("listed there")["usual_institution_id"] == "ORPHANS"
    assert outcome.person("listed here")["usual_institution_id"] == "CARE"


def test_a_tablet_used_elsewhere_moves_nobody(field: Field, tmp_path: Path) -> None:
    field.record("a", device_id="TB-SCHOOL")
    assert field.resolve(tmp_path).person("a")["usual_institution_id"] == "CARE"


def test_where_staff_and_writing_differ_the_papers_decide(field: Field, tmp_path: Path) -> None:
    field.entry(1, site="ORPHANS")
    field.record("listed", institution_id="CARE", staff_id="ST-ORPHANS", device_id=None)
    field.entry(1, "Омаров", site="CARE")
    field.record("here", "Омаров", institution_id="CARE", staff_id="ST-ORPHANS", device_id=None)
    field.record("unknown", "Сериков", institution_id="CARE", staff_id="ST-ORPHANS", device_id=None)
    outcome = field.resolve(tmp_path)
    assert outcome.person("listed")["usual_institution_id"] == "ORPHANS"
    assert outcome.person("here")["usual_institution_id"] == "CARE"
    # no paper knows the person: staff are appointed for their own institution
    assert outcome.person("unknown")["usual_institution_id"] == "ORPHANS"


# ------------------------------------------------------------------------------------------------------- who stands


def test_the_fullest_record_stands_by_the_weights_of_the_questionnaire(field: Field, tmp_path: Path) -> None:
    field.record("own words", iin=NUMBER, citizenship=None, religion=1)
    field.record("facts", iin=NUMBER, is_literate=True, completed_at=utc(2021, 10, 7))
    outcome = field.resolve(tmp_path)
    assert (outcome.state("own words"), outcome.state("facts")) == ("counted", "duplicate")
