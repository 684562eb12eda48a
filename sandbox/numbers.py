"""Identification numbers as the state issues them: IIN of persons, BIN of legal entities.

Written apart from the pipeline on purpose: the field must not share its mistakes.
"""

from __future__ import annotations

from datetime import date

from sandbox.dice import Dice


def check_digit(base: str) -> int | None:
    """Return the twelfth digit for the first eleven, or None where the number is never issued.

    Parameters
    ----------
    base
        Eleven digits.

    Examples
    --------
    >>> check_digit("90112330025")
    8
    >>> check_digit("05031550059") is None
    True
    """
    digits = [int(c) for c in base]
    remainder = sum(d * (i + 1) for i, d in enumerate(digits)) % 11
    if remainder == 10:
        remainder = sum(d * ((i + 2) % 11 + 1) for i, d in enumerate(digits)) % 11
    return None if remainder == 10 else remainder


def issue_iin(birth: date, sex: int, dice: Dice, taken: set[str]) -> str:
    """Issue an IIN nobody has yet.

    Parameters
    ----------
    birth, sex
        What the digits say about the person.
    dice
        Source of the serial number.
    taken
        Numbers issued so far; the new one is added.
    """
    century = 2 * (birth.year // 100 - 18) + sex
    while True:
        base = f"{birth:%y%m%d}{century}{dice.integer(0, 4999):04d}"
        last = check_digit(base)
        if last is not None and base + str(last) not in taken:
            taken.add(base + str(last))
            return base + str(last)


def issue_bin(registered: date, dice: Dice) -> str:
    """Issue the BIN of a resident legal entity registered in the given month."""
    while True:
        base = f"{registered:%y%m}40{dice.integer(0, 99999):05d}"
        last = check_digit(base)
        if last is not None:
            return base + str(last)
