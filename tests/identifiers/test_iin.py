"""The IIN: form, check digit, what its digits state, and which numbers are one slip of the hand apart."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import identifiers
from pipeline.identifiers import iin
from pipeline.identifiers.sql import evaluate_each

VALID = "901123300258"
LONGEST = settings(deadline=None, max_examples=60)


def check_digit(base: str) -> int | None:
    """The check digit of eleven digits, written down from the decree and not from the code under test; None: never issued."""
    for weights in ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]):
        total = 0
        for digit, weight in zip(base, weights, strict=True):
            total += int(digit) * weight
        if total % 11 != 10:
            return total % 11
    return None


births = st.dates(date(1850, 1, 1), date(2021, 8, 31))


@st.composite
def bases(draw: st.DrawFn) -> tuple[str, date, int]:
    """Eleven digits with the birth date and sex they state."""
    born, sex, serial = draw(births), draw(st.sampled_from([1, 2])), draw(st.integers(0, 9999))
    century = (born.year // 100 - 18) * 2 + sex
    return f"{born:%y%m%d}{century}{serial:04}", born, sex


@pytest.mark.parametrize("number", [VALID, "050315500503", "050315500515", "050315500527"])
def test_numbers_whose_check_digit_holds_in_the_first_or_second_pass(number: str) -> None:
    assert iin.is_well_formed(number)
    assert iin.check_ok(number)


def test_a_wrong_check_digit_is_seen() -> None:
    assert iin.check_ok("901123300255") is False
    assert iin.is_well_formed("901123300255"), "the form is a matter of its own"


@pytest.mark.parametrize("base", ["05031550059", "05031550210"])
def test_no_digit_completes_a_base_that_is_never_issued(base: str) -> None:
    assert check_digit(base) is None
    assert not any(iin.check_ok(base + str(digit)) for digit in range(10))


def test_the_eleventh_digit_is_not_protected_in_the_first_pass() -> None:
    assert all(iin.check_ok(f"9011233002{digit}8") for digit in range(10))


def answers_over_a_day(day: str) -> dict[str, list[str]]:
    """Of every serial of one day: the digits that complete it."""
    digits = "list_filter(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], lambda d: iin_check_ok(base || d))"
    with duckdb.connect() as con:
        identifiers.register(con)
        rows = con.execute(
            f"SELECT base, {digits} FROM (SELECT '{day}' || lpad(range::VARCHAR, 4, '0') AS base FROM range(10000))"
        )
        return dict(rows.fetchall())


@pytest.mark.parametrize("day", ["9011233", "0503155", "1202296"])
def test_every_serial_of_a_day_has_the_digit_of_the_decree_or_none(day: str) -> None:
    found = answers_over_a_day(day)
    expected = {base: [] if (digit := check_digit(base)) is None else [str(digit)] for base in found}
    assert found == expected
    never_issued = sum(not digits for digits in found.values())
    assert 50 <= never_issued <= 120, "some eight in a thousand"


def test_an_error_in_any_digit_but_the_eleventh_is_nearly_always_seen() -> None:
    numbers = [base + digits[0] for base, digits in answers_over_a_day("9011233").items() if digits][::40]
    typed = {
        place: [number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :] for number in numbers]
        for place in range(12)
    }
    passed = evaluate_each(iin.check_ok_sql, {text for texts in typed.values() for text in texts})
    unseen = {place + 1: sum(passed[text] for text in texts) / len(texts) for place, texts in typed.items()}
    assert unseen.pop(11) > 0.8
    assert max(unseen.values()) < 0.06


def test_two_digits_swapped_are_nearly_always_seen() -> None:
    numbers = [base + digits[0] for base, digits in answers_over_a_day("9011233").items() if digits][::20]
    swapped = {n[:at] + n[at + 1] + n[at] + n[at + 2 :] for n in numbers for at in range(7, 11) if n[at] != n[at + 1]}
    passed = evaluate_each(iin.check_ok_sql, swapped)
    assert sum(passed.values()) / len(passed) < 0.05


def test_what_a_number_states() -> None:
    assert iin.birth_on(VALID) == date(1990, 11, 23)
    assert iin.sex(VALID) == 1


@pytest.mark.parametrize(
    ("century", "year", "sex"), [(1, 1890, 1), (2, 1890, 2), (3, 1990, 1), (4, 1990, 2), (5, 2090, 1), (6, 2090, 2)]
)
def test_the_seventh_digit_gives_century_and_sex(century: int, year: int, sex: int) -> None:
    number = f"901123{century}00258"
    assert iin.birth_on(number) == date(year, 11, 23)
    assert iin.sex(number) == sex


@pytest.mark.parametrize(
    "text",
    [
        "901123000258",  # century digit 0
        "901123700258",  # century digit 7
        "901323300258",  # month 13
        "900230300258",  # 30 February
        "000229100258",  # 29 February 1800 did not exist
        "90112330025",
        "9011233002588",
        " 901123300258",
        "٩٠١١٢٣٣٠٠٢٥٨",  # digits, but not 0-9
        "90112330025O",
        "000000000000",
        "",
    ],
)
def test_what_is_no_number_states_nothing(text: str) -> None:
    assert iin.is_well_formed(text) is False
    assert iin.birth_on(text) is None


def test_a_leap_day_is_a_date() -> None:
    assert iin.birth_on("000229500258") == date(2000, 2, 29)


def test_no_number_is_no_answer() -> None:
    assert iin.is_well_formed(None) is None
    assert iin.check_ok(None) is None
    assert iin.birth_on(None) is None
    assert iin.sex(None) is None
    assert iin.is_neighbour(None, VALID) is None


@LONGEST
@given(bases(), st.integers(0, 9))
def test_the_check_digit_is_that_of_the_decree(base: tuple[str, date, int], digit: int) -> None:
    assert iin.check_ok(base[0] + str(digit)) == (check_digit(base[0]) == digit)


@LONGEST
@given(bases())
def test_birth_date_and_sex_come_back(base: tuple[str, date, int]) -> None:
    digits, born, sex = base
    assert iin.birth_on(digits + "0") == born
    assert iin.sex(digits + "0") == sex


@LONGEST
@given(st.text(max_size=14))
def test_any_text_gets_an_answer(text: str) -> None:
    assert iin.is_well_formed(text) in (True, False)
    assert iin.check_ok(text) in (True, False)


def is_one_slip(a: str, b: str) -> bool:
    """One other digit, or two adjacent digits swapped."""
    places = [place for place in range(12) if a[place] != b[place]]
    if len(places) == 1:
        return True
    return (
        len(places) == 2
        and places[1] == places[0] + 1
        and a[places[0]] == b[places[1]]
        and a[places[1]] == b[places[0]]
    )


def test_every_single_slip_in_the_serial_makes_a_neighbour() -> None:
    for place in range(7, 12):
        other = VALID[:place] + str((int(VALID[place]) + 1) % 10) + VALID[place + 1 :]
        assert iin.is_neighbour(VALID, other)
    for place in range(7, 11):
        swapped = VALID[:place] + VALID[place + 1] + VALID[place] + VALID[place + 2 :]
        assert iin.is_neighbour(VALID, swapped) == (swapped != VALID)


def test_equal_numbers_are_no_neighbours() -> None:
    assert iin.is_neighbour(VALID, VALID) is False


def test_a_slip_that_breaks_the_form_makes_no_neighbour() -> None:
    assert iin.is_neighbour(VALID, "901123900258") is False
    assert iin.is_neighbour(VALID, "90112330025") is False


def test_digits_moved_along_are_no_neighbours() -> None:
    assert iin.is_neighbour("901123301234", "901123312340") is False


@LONGEST
@given(bases(), st.data())
def test_neighbours_are_those_one_slip_apart(base: tuple[str, date, int], data: st.DataObject) -> None:
    number = base[0] + "0"
    other = list(number)
    for place in data.draw(st.lists(st.integers(0, 11), min_size=1, max_size=2)):
        other[place] = data.draw(st.sampled_from("0123456789"))
    text = "".join(other)
    expected = is_one_slip(number, text) and bool(iin.is_well_formed(text))
    assert iin.is_neighbour(number, text) == expected
    assert iin.is_neighbour(text, number) == expected


@LONGEST
@given(births)
def test_a_day_later_is_another_number(born: date) -> None:
    a, b = (f"{day:%y%m%d}{(day.year // 100 - 18) * 2 + 1}00010" for day in (born, born + timedelta(days=1)))
    assert iin.birth_on(a) != iin.birth_on(b)
