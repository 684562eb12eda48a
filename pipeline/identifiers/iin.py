"""The individual identification number (ИИН, ЖСН): what it says, and whether its check digit holds.

Twelve digits: birth date YYMMDD, one digit for century and sex, four serial digits, one check digit (Government decrees No 565 of 11 June
2003 and No 406 of 2007). What a number says about birth date and sex is evidence, never the truth: since 2013 the digits are not bound to
the facts, and an adopted child gets a new number. A disagreement is therefore a flag.

The weight of digit 11 is 11 in the first pass, which is 0 modulo 11: a typing error there passes unseen in nine cases of ten. Two numbers
that differ only in digit 11 are the commonest undetected error, hence `is_neighbour`.
"""

from __future__ import annotations

from datetime import date

from pipeline.identifiers.sql import evaluate

FIRST_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def is_well_formed_sql(t: str) -> str:
    """Twelve digits 0-9, a century digit 1-6 and a date that exists. NULL for NULL."""
    return f"CASE WHEN {t} IS NOT NULL THEN {birth_on_sql(t)} IS NOT NULL END"


def check_ok_sql(t: str) -> str:
    """Twelve digits whose last is the check digit of the others; nothing is asked of the date. NULL for NULL.

    Weights 1 to 11 first; where the remainder modulo 11 is 10, weights 3 to 11, 1, 2; where it is 10 again the number is never issued, and no
    digit fits.
    """
    first, second = (_remainder(t, weights) for weights in (FIRST_WEIGHTS, SECOND_WEIGHTS))
    fits = f"CASE WHEN {first} = {_digit(t, 12)} THEN TRUE WHEN {first} = 10 THEN {second} = {_digit(t, 12)} WHEN {t} IS NOT NULL THEN FALSE END"
    return f"(regexp_full_match({t}, '[0-9]{{12}}') AND {fits})"


def birth_on_sql(t: str) -> str:
    """The birth date the number states; NULL where it states none."""
    century = f"CASE WHEN {t}[7] IN ('1', '2') THEN '18' WHEN {t}[7] IN ('3', '4') THEN '19' ELSE '20' END"
    date_stated = f"CAST(try_strptime({century} || {t}[1:6], '%Y%m%d') AS DATE)"
    return f"CASE WHEN regexp_full_match({t}, '[0-9]{{6}}[1-6][0-9]{{5}}') THEN {date_stated} END"


def sex_sql(t: str) -> str:
    """The sex the number states, 1 male or 2 female; NULL where it states none."""
    return f"CASE WHEN regexp_full_match({t}, '[0-9]{{6}}[1-6][0-9]{{5}}') THEN 2 - {_digit(t, 7)} % 2 END"


def is_neighbour_sql(a: str, b: str) -> str:
    """Both well formed, and one slip of the hand apart: one other digit, or two adjacent digits swapped. Equal numbers are no neighbours.

    Between texts of one length the Damerau-Levenshtein distance is 1 in exactly these two cases; one slip leaves the first five digits or
    the last six untouched, which is quick to see. NULL if either is NULL.
    """
    half = f"({a}[1:5] = {b}[1:5] OR {a}[7:12] = {b}[7:12])"
    both = f"{is_well_formed_sql(a)} AND {is_well_formed_sql(b)} AND damerau_levenshtein({a}, {b}) = 1"
    return f"CASE WHEN {half} THEN {both} WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN FALSE END"


def is_well_formed(value: str | None) -> bool | None:
    """Whether `value` has the form of a number: see `is_well_formed_sql`."""
    answer: bool | None = evaluate(is_well_formed_sql, value)
    return answer


def check_ok(value: str | None) -> bool | None:
    """Whether the check digit of `value` holds: see `check_ok_sql`."""
    answer: bool | None = evaluate(check_ok_sql, value)
    return answer


def birth_on(value: str | None) -> date | None:
    """Birth date `value` states: see `birth_on_sql`."""
    answer: date | None = evaluate(birth_on_sql, value)
    return answer


def sex(value: str | None) -> int | None:
    """Sex `value` states: see `sex_sql`."""
    answer: int | None = evaluate(sex_sql, value)
    return answer


def is_neighbour(a: str | None, b: str | None) -> bool | None:
    """Whether two numbers are one slip apart: see `is_neighbour_sql`."""
    answer: bool | None = evaluate(is_neighbour_sql, a, b)
    return answer


def _digit(t: str, place: int) -> str:
    """The digit at `place`, counted from 1; only ever evaluated behind a test for twelve digits."""
    return f"(ascii({t}[{place}]) - 48)"


def _remainder(t: str, weights: tuple[int, ...]) -> str:
    terms = " + ".join(f"{weight} * {_digit(t, place)}" for place, weight in enumerate(weights, start=1))
    return f"(({terms}) % 11)"
