"""What gets written about who a person is: name, number, sex and birth date, with the usual mistakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from sandbox.dice import Dice
from sandbox.names import Name, homoglyphs
from sandbox.noise import Noise
from sandbox.people import Person

Identity = dict[str, Any]


class Scribe:
    """Writes down identities at one institution."""

    def __init__(self, noise: Noise, site: str, residents: list[Person], dice: Dice) -> None:
        self.noise = noise
        self.site = site
        self.numbers = [p.iin for p in residents if p.iin]
        self.ward_number: tuple[str, str] | None = None
        if self.numbers and residents and noise.happens(Dice(noise.seed, "ward iin", site), "iin_one_for_ward"):
            self.ward_number = (dice.pick(residents).ward, dice.pick(self.numbers))

    def write(self, person: Person, dice: Dice, staff: str | None, is_self: bool = False) -> Identity:
        """Return the eight identity fields as told and typed.

        Parameters
        ----------
        person
            Who it is about.
        dice
            The throws of this record.
        staff
            Who types; None when the respondent does.
        is_self
            Whether the portal pre-fills name, sex and number from the state's registers.
        """
        number = self._number(person, dice, staff)
        name = person.name if is_self and person.iin else self._name(person, dice, staff)
        birth = self._birth(person, dice, staff)
        wrong_sex = self.noise.happens(dice, "sex_wrong", self.site, staff)
        return {
            "iin": number,
            "iin_missing_reason": None if number else person.iin_reason or "UNKNOWN",
            "family_name": name.family or None,
            "given_name": name.given or None,
            "patronymic": name.patronymic,
            "sex": 3 - person.sex if wrong_sex else person.sex,
            "birth_date": birth.isoformat() if birth else None,
            "birth_date_precision": person.birth_precision,
        }

    def _number(self, person: Person, dice: Dice, staff: str | None) -> str | None:
        number = person.iin
        if self.ward_number and person.ward == self.ward_number[0]:
            return self.ward_number[1]
        if number and self.noise.happens(dice, "iin_typo", self.site, staff):
            at = 10 if dice.chance(0.2) else dice.pick([0, 1, 2, 3, 4, 5, 7, 8, 9, 11])
            number = number[:at] + str((int(number[at]) + dice.integer(1, 9)) % 10) + number[at + 1 :]
        elif self.numbers and self.noise.happens(dice, "iin_of_another", self.site, staff):
            number = dice.pick(self.numbers)
        return number

    def _name(self, person: Person, dice: Dice, staff: str | None) -> Name:
        name, happens = person.name, self.noise.happens
        if happens(dice, "spelling_variant", self.site, staff):
            name = name.map(dice.weighted({"ru": 65, "heard": 25, "latin": 10}))
        if name.given and happens(dice, "order_swapped", self.site, staff):
            name = Name(name.given, name.family, name.patronymic)
        if happens(dice, "homoglyph", self.site, staff):
            name = homoglyphs(name, dice)
        if happens(dice, "patronymic_absent", self.site, staff):
            name = replace(name, patronymic=None)
        return name

    def _birth(self, person: Person, dice: Dice, staff: str | None) -> date | None:
        birth = person.written_birth
        if birth is None or person.birth_precision != "DAY":
            return birth
        if birth.day <= 12 and self.noise.happens(dice, "day_month_swapped", self.site, staff):
            swapped = birth.replace(month=birth.day, day=birth.month)
            return swapped if swapped <= date(2021, 8, 31) or swapped == birth else birth
        if birth.year < 2020 and not (birth.month == 2 and birth.day == 29) and self.noise.happens(
            dice, "year_off_by_one", self.site, staff
        ):  # fmt: skip
            return birth.replace(year=birth.year + dice.pick([-1, 1]))
        return birth
