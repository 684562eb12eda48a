"""The people of the field: who they are, and where they truly live and stay at the census moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from sandbox import codes
from sandbox.dice import Dice
from sandbox.name_lists import TWIN_NAMES, UNKNOWN_NAMES
from sandbox.names import Name, new_name, patronymic_of, sibling_name
from sandbox.noise import Noise
from sandbox.numbers import check_digit, issue_iin
from sandbox.places import COUNTRIES, DISTRICTS, OTHER_REGIONS
from sandbox.profiles import TRANSFERS
from sandbox.world import MOMENT_DAY, Institution, World

LAST_DAY_BEFORE = date(2021, 8, 30)
TERM_DAY = date(2021, 9, 1)
# Nobody is asked before October where the person went on to: never before the arrival.
LAST_TRANSFER = date(2021, 9, 30)


@dataclass
class Stay:
    """A stay at another institution, before or after the one that counts."""

    institution_id: str
    from_on: date
    to_on: date | None
    ward: str
    is_on_list: bool = False


@dataclass
class Person:
    """A true person.

    ``kind`` says why the person is in the field at all: ``ROLL`` there from 1 June on, ``ARRIVED`` since then, ``DEPARTED`` gone
    before the moment, ``LEAVER`` left school in May, ``INTAKE`` pupil since 1 September, ``AFTER`` admitted after the moment,
    ``BORN_AFTER``, ``DIED_BEFORE``, ``HOUSEHOLD`` staff living in and their families, ``STAFF`` employees who live at home.
    """

    key: str
    kind: str
    institution_id: str
    category: str
    ward: str
    sex: int
    birth: date
    name: Name
    ethnicity: str
    iin: str | None
    from_on: date
    to_on: date | None
    is_usual: bool
    is_present: bool
    has_other_home: bool
    home_kato: str | None
    citizenship: int = 1
    country: str | None = None
    is_visitor: bool = False
    birth_time: str | None = None
    death_on: date | None = None
    death_time: str | None = None
    iin_reason: str | None = None
    position: str = "RESIDENT"
    written_birth: date | None = None
    birth_precision: str = "DAY"
    age_stated: int | None = None
    leave: tuple[date, date | None] | None = None
    present_elsewhere: str | None = None
    earlier: Stay | None = None
    later: Stay | None = None
    twin_key: str | None = None
    family_key: str | None = None
    is_foundling: bool = False
    institution_kato: str = ""
    has_refused: bool = False
    is_long: bool = False
    has_no_list_row: bool = False

    @property
    def is_on_list(self) -> bool:
        """Whether the person belongs on the stage-1 list of the own institution."""
        return self.kind in {"ROLL", "DEPARTED", "LEAVER", "DIED_BEFORE"} and not self.has_no_list_row

    @property
    def scope(self) -> str:
        """``IN``, or why a case about the person is out of scope."""
        if self.kind in {"BORN_AFTER", "DIED_BEFORE"}:
            return {"BORN_AFTER": "BORN_AFTER", "DIED_BEFORE": "DIED_BEFORE"}[self.kind]
        if self.kind == "HOUSEHOLD":
            return "PRIVATE_HOUSEHOLD"
        if self.is_usual or self.is_present:
            return "IN"
        boards = self.category in {"BOARD_GIFT", "BOARD_SPORT"}
        return "BELONGS_ELSEWHERE" if boards or self.kind == "STAFF" else "NOT_HERE_AT_MOMENT"

    @property
    def usual_institution_id(self) -> str | None:
        """Institution of usual residence."""
        return self.institution_id if self.scope == "IN" and self.is_usual else None

    @property
    def present_institution_id(self) -> str | None:
        """Institution where the person was at the moment."""
        if self.scope != "IN":
            return None
        return self.institution_id if self.is_present else self.present_elsewhere

    def age_on(self, day: date) -> int:
        """Completed years on a day."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


class Population:
    """Draws the people of all institutions."""

    def __init__(self, seed: int, world: World, noise: Noise, taken: set[str]) -> None:
        self.world = world
        self.noise = noise
        self.taken = taken
        self.seed = seed
        self.people: list[Person] = []

    def build(self) -> list[Person]:
        """Return everybody, institution by institution."""
        for site in self.world.institutions.values():
            self._fill(site, Dice(self.seed, "people", site.institution_id))
        dice = Dice(self.seed, "kin")
        self._transfers(dice)
        self._nights_in_hospital(dice)
        self._twins_and_namesakes(dice)
        return self.people

    # one institution -------------------------------------------------------------------------------------------------

    def _fill(self, site: Institution, dice: Dice) -> None:
        profile, size = site.profile, site.size
        here_in_august = dice.uniform(0, 0.05)
        for _ in range(size):
            if profile.stay == "board":
                self._boarder(site, dice, dice.chance(here_in_august))
            else:
                self._resident(site, dice)
        leaving = round(size * profile.before * dice.uniform(0.75, 1.25))
        for _ in range(leaving):
            if profile.stay == "board":
                self._leaver(site, dice)
                self._boarder(site, dice, False, "INTAKE")
            else:
                self._departed(site, dice)
        if profile.stay != "board":
            self._after(site, dice)
            self._births_and_deaths(site, dice)
        if dice.chance(0.3) and size:
            self._household(site, dice)

    def _resident(self, site: Institution, dice: Dice) -> Person:
        profile = site.profile
        is_long = profile.stay == "here" or dice.chance(profile.long)
        moves = profile.stay == "here" or not is_long or profile.long > 0.5
        arrived = moves and dice.chance(profile.before)
        if arrived:
            back = dice.integer(0, 89) if is_long else min(89, int(dice.exponential(profile.days)))
            from_on = LAST_DAY_BEFORE - timedelta(days=back)
        else:
            back = 30 + int(dice.exponential(1200 if is_long else profile.days))
            from_on = date(2021, 5, 31) - timedelta(days=back)
        to_on = None
        if moves and dice.chance(profile.after):
            to_on = date(2021, 9, 2) + timedelta(days=min(56, int(dice.exponential(min(profile.days, 40)))))
        person = self._person(site, dice, "ARRIVED" if arrived else "ROLL", from_on, to_on)
        if site.category == "INPAT" and dice.chance(0.06):
            self._make_newborn(person, dice)
            is_long = dice.chance(0.04)
            person.is_foundling = is_long
        person.from_on = max(person.from_on, person.birth)
        person.is_long, person.is_usual, person.is_present = is_long, is_long, True
        person.has_other_home = not is_long or (profile.stay == "home" and dice.chance(0.2))
        self._set_home(person, dice)
        if person.citizenship != 1 and not is_long and dice.chance(0.7):
            person.is_visitor, person.home_kato = True, None
        if is_long and dice.chance(profile.away):
            person.is_present = False
            person.leave = (
                dice.day(max(date(2021, 8, 10), person.from_on), date(2021, 8, 29)),
                dice.day(TERM_DAY, date(2021, 9, 20)),
            )
            person.to_on = None
        if person.to_on is None and dice.chance(0.004):
            person.death_on = person.to_on = dice.day(date(2021, 9, 1), date(2021, 9, 28))
        elif person.is_present and person.to_on is None and dice.chance(0.001):
            person.death_on = person.to_on = MOMENT_DAY
            person.death_time = f"23:{dice.integer(0, 59):02d}"
        return person

    def _boarder(self, site: Institution, dice: Dice, is_present: bool, kind: str = "ROLL") -> Person:
        from_on = dice.day(date(2021, 8, 27), LAST_DAY_BEFORE) if is_present else TERM_DAY
        person = self._person(site, dice, kind, from_on, None)
        person.is_present, person.is_usual, person.has_other_home = is_present, False, True
        self._set_home(person, dice)
        if kind == "ROLL":
            person.leave = (dice.day(date(2021, 6, 2), date(2021, 6, 5)), from_on)
        return person

    def _leaver(self, site: Institution, dice: Dice) -> Person:
        person = self._person(site, dice, "LEAVER", date(2018, 9, 1), dice.day(date(2021, 6, 2), date(2021, 6, 25)))
        person.is_usual = person.is_present = False
        person.has_other_home = True
        birth = date(2003, dice.integer(1, 12), dice.integer(1, 28))
        self._rebirth(person, birth, dice)
        self._set_home(person, dice)
        return person

    def _departed(self, site: Institution, dice: Dice) -> Person:
        back = int(dice.exponential(site.profile.days))
        to_on = date(2021, 6, 2) + timedelta(days=min(89, int(dice.exponential(min(site.profile.days, 45)))))
        person = self._person(site, dice, "DEPARTED", date(2021, 5, 31) - timedelta(days=back), to_on)
        person.from_on = max(person.from_on, person.birth)
        person.is_usual = person.is_present = False
        person.has_other_home = site.profile.stay == "home"
        self._set_home(person, dice)
        if person.age_on(to_on) > 40 and dice.chance(0.04):
            person.death_on = to_on
        return person

    def _after(self, site: Institution, dice: Dice) -> None:
        for _ in range(round(site.size * site.profile.after * 1.3)):
            person = self._person(site, dice, "AFTER", dice.day(TERM_DAY, date(2021, 10, 15)), None)
            person.is_usual = person.is_present = False
            person.has_other_home = site.profile.stay == "home"
            self._set_home(person, dice)

    def _births_and_deaths(self, site: Institution, dice: Dice) -> None:
        if site.category in {"INPAT", "BABY"}:
            for _ in range(round(site.size * self.noise.rates.born_after * 3.5 + dice.uniform(0, 0.9))):
                person = self._person(site, dice, "BORN_AFTER", TERM_DAY, None)
                self._rebirth(
                    person,
                    MOMENT_DAY if dice.chance(0.4) else dice.day(TERM_DAY, date(2021, 9, 25)),
                    dice,
                    newborn=True,
                )
                person.birth_time = f"23:{dice.integer(0, 59):02d}" if person.birth == MOMENT_DAY else None
                person.from_on, person.is_usual, person.is_present, person.has_other_home = (
                    person.birth,
                    False,
                    False,
                    True,
                )
                self._set_home(person, dice)
        for _ in range(round(site.size * self.noise.rates.died_before + dice.uniform(0, 0.6))):
            if site.category in {"HOMELESS_PATROL"} or not site.size:
                continue
            death = MOMENT_DAY if dice.chance(0.25) else dice.day(date(2021, 6, 3), LAST_DAY_BEFORE)
            person = self._person(
                site, dice, "DIED_BEFORE", date(2021, 5, 31) - timedelta(days=dice.integer(1, 400)), death
            )
            person.from_on = max(person.from_on, person.birth)
            person.death_on, person.is_usual, person.is_present = death, False, False
            if death == MOMENT_DAY and dice.chance(0.6):
                person.death_time = f"{dice.integer(0, 22):02d}:{dice.integer(0, 59):02d}"
            person.has_other_home = site.profile.stay == "home"
            self._set_home(person, dice)

    def _household(self, site: Institution, dice: Dice) -> None:
        for number in range(dice.integer(1, 4)):
            person = self._person(
                site, dice, "HOUSEHOLD", date(2016, 1, 1) + timedelta(days=dice.integer(0, 1500)), None
            )
            age = dice.integer(25, 58) if number < 2 else dice.integer(1, 17)
            self._rebirth(person, date(2021 - age, dice.integer(1, 12), dice.integer(1, 28)), dice)
            person.position = "STAFF_LIVE_IN" if number == 0 else "FAMILY_OF_STAFF"
            person.from_on = max(person.from_on, person.birth)
            person.is_usual = person.is_present = False
            person.has_other_home, person.home_kato, person.citizenship, person.country = False, None, 1, None
            person.written_birth, person.birth_precision = person.birth, "DAY"

    # one person ------------------------------------------------------------------------------------------------------

    def _person(self, site: Institution, dice: Dice, kind: str, from_on: date, to_on: date | None) -> Person:
        profile = site.profile
        sex = 1 if dice.chance(profile.male) else 2
        age = dice.triangular(*profile.age)
        birth = MOMENT_DAY - timedelta(days=max(12, int(age * 365.25)))
        if dice.chance(0.003):
            birth = birth.replace(month=1, day=1)  # truly born on New Year's Day
        ethnicity = dice.weighted(codes.ETHNICITY)
        person = Person(
            key=f"P{len(self.people) + 1:07d}", kind=kind, institution_id=site.institution_id, category=site.category,
            ward=dice.pick(site.wards), sex=sex, birth=birth, name=new_name(ethnicity, sex, dice), ethnicity=ethnicity, iin=None,
            from_on=from_on, to_on=to_on, is_usual=False, is_present=False, has_other_home=True, home_kato=None,
        )  # fmt: skip
        person.institution_kato = site.kato
        self.people.append(person)
        self._citizenship(person, profile.foreign, dice)
        self._number(person, profile.iin_absent, dice)
        self._written_birth(person, site, dice)
        return person

    def _citizenship(self, person: Person, foreign: float, dice: Dice) -> None:
        if dice.chance(foreign):
            person.citizenship = 3 if dice.chance(0.15) else 2
            if person.citizenship == 2:
                person.country = dice.weighted(COUNTRIES)
                person.ethnicity = {"UZ": "UZBEK", "AZ": "AZERBAIJANI", "RU": "RUSSIAN", "KG": "KYRGYZ"}.get(
                    person.country, "OTHER"
                )
            person.name = new_name(person.ethnicity, person.sex, dice)

    def _number(self, person: Person, absent: float, dice: Dice) -> None:
        """Issue the IIN, or none, or a peculiar one."""
        noise, site = self.noise, person.institution_id
        foreign = person.citizenship != 1
        if noise.happens(dice, "iin_unknown", site, base=0.35 if foreign else absent):
            person.iin, person.iin_reason = (
                None,
                "FOREIGN" if foreign else dice.pick(["UNKNOWN", "UNKNOWN", "NOT_ISSUED"]),
            )
            return
        birth, sex = person.birth, person.sex
        if noise.happens(dice, "iin_facts_differ", site):
            if dice.chance(0.5):
                sex = 3 - sex
            else:
                birth -= timedelta(days=dice.integer(1, 900))
        number = issue_iin(birth, sex, dice, self.taken)
        if noise.happens(dice, "iin_bad_check", site):
            number = number[:11] + str((int(number[11]) + dice.integer(1, 9)) % 10)
        person.iin, person.iin_reason = number, None

    def _written_birth(self, person: Person, site: Institution, dice: Dice) -> None:
        """What the documents of the institution say about the birth date."""
        person.written_birth, person.birth_precision = person.birth, "DAY"
        if site.category in {"HOMELESS", "HOMELESS_NIGHT", "HOMELESS_PATROL", "PSY", "INPAT"} and dice.chance(
            {"HOMELESS_PATROL": 0.15, "PSY": 0.01, "INPAT": 0.004}.get(site.category, 0.03)
        ):
            self._unknown(person, dice)
        elif self.noise.happens(dice, "first_january", site.institution_id, base=site.profile.first_january):
            year = person.birth.year + dice.pick([-2, -1, 0, 0, 0, 1])
            person.written_birth = date(min(year, 2021), 1, 1)
            person.birth_precision = dice.weighted({"DAY": 6, "YEAR": 4})

    def _unknown(self, person: Person, dice: Dice) -> None:
        """Nobody knows who this is."""
        person.name = Name(dice.pick(UNKNOWN_NAMES)[person.sex - 1], "", None)
        person.iin, person.iin_reason = None, "UNKNOWN"
        person.age_stated = 5 * round(person.age_on(MOMENT_DAY) / 5)
        if dice.chance(0.5):
            person.written_birth, person.birth_precision = None, "AGE_ONLY"
        else:
            person.written_birth, person.birth_precision = date(2021 - person.age_stated, 1, 1), "YEAR"

    def _rebirth(self, person: Person, birth: date, dice: Dice, newborn: bool = False) -> None:
        """Give the person another birth date, with a number to match."""
        person.birth, person.written_birth, person.birth_precision, person.age_stated = birth, birth, "DAY", None
        if not person.name.given:
            person.name = new_name(person.ethnicity, person.sex, dice)
        if person.iin is not None:
            self.taken.discard(person.iin)
            person.iin = issue_iin(birth, person.sex, dice, self.taken)
        if newborn and dice.chance(0.6):
            person.iin, person.iin_reason = None, "NOT_ISSUED"
        if newborn and dice.chance(0.35):
            person.name = replace(person.name, given="", patronymic=None)

    def _make_newborn(self, person: Person, dice: Dice) -> None:
        birth = MOMENT_DAY - timedelta(days=min(9, int(dice.exponential(2.5))))
        self._rebirth(person, birth, dice, newborn=True)
        person.kind, person.from_on = "ARRIVED", birth
        if birth == MOMENT_DAY and dice.chance(0.85):
            person.birth_time = f"{dice.integer(0, 22):02d}:{dice.integer(0, 59):02d}"
        if person.to_on is None or dice.chance(0.8):
            person.to_on = birth + timedelta(days=dice.integer(4, 9))
        if person.to_on <= MOMENT_DAY:
            person.to_on = date(2021, 9, 2)

    def _set_home(self, person: Person, dice: Dice) -> None:
        if not person.has_other_home:
            person.home_kato = None
            return
        weights = {d: d.weight for d in DISTRICTS}
        away = dice.chance(0.07)
        person.home_kato = dice.pick(OTHER_REGIONS) if away else dice.pick(dice.weighted(weights).places)

    # between people --------------------------------------------------------------------------------------------------

    def _transfers(self, dice: Dice) -> None:
        """Some who arrived came from another institution's list; some who left went on to another institution."""
        homes = {code: group for group in TRANSFERS for code in group}
        for person in self.people:
            group = homes.get(person.category)
            if group is None or person.is_foundling or person.birth > date(2020, 1, 1):
                continue
            others = [
                s
                for s in self.world.institutions.values()
                if s.category in group and s.institution_id != person.institution_id and s.size
            ]
            if not others:
                continue
            site = dice.pick(others)
            if person.kind == "ARRIVED" and dice.chance(0.03):
                start = date(2021, 5, 31) - timedelta(days=dice.integer(1, 60))
                person.earlier = Stay(
                    site.institution_id, max(start, person.birth), person.from_on, dice.pick(site.wards), True
                )
            elif (
                person.kind in {"ROLL", "ARRIVED"} and person.scope == "IN" and person.to_on and not person.death_on
                and dice.chance(self.noise.rates.two_institutions * 6)
            ):  # fmt: skip
                person.to_on = min(person.to_on, LAST_TRANSFER)
                person.later = Stay(site.institution_id, person.to_on, None, dice.pick(site.wards))

    def _nights_in_hospital(self, dice: Dice) -> None:
        """Some of the temporarily absent spent that night in a hospital of the region."""
        hospitals = [s for s in self.world.institutions.values() if s.category == "INPAT" and s.size]
        for person in self.people:
            if person.is_usual and not person.is_present and hospitals and dice.chance(0.35):
                site = dice.pick(hospitals)
                if site.institution_id != person.institution_id:
                    person.present_elsewhere = site.institution_id

    def _twins_and_namesakes(self, dice: Dice) -> None:
        for first, second in zip(self.people, self.people[1:], strict=False):
            if (
                first.institution_id != second.institution_id
                or first.twin_key
                or not (first.name.given and second.name.given)
            ):
                continue
            young = first.age_on(MOMENT_DAY) < 18 and first.kind == second.kind and second.age_on(MOMENT_DAY) < 18
            if young and dice.chance(self.noise.rates.twins * (3 if first.age_on(MOMENT_DAY) == 0 else 1)):
                self._make_twins(first, second, dice)
            elif young and dice.chance(0.05):
                name = sibling_name(first.name, first.sex, first.ethnicity, second.sex, dice)
                other_surname = dice.chance(0.4)  # brothers and sisters with different surnames
                second.ethnicity = first.ethnicity
                second.name = replace(name, family=second.name.family) if other_surname else name
                first.family_key = second.family_key = first.family_key or first.key
            elif (
                dice.chance(self.noise.rates.namesakes)
                and first.sex == second.sex
                and first.citizenship == second.citizenship
            ):
                second.name, second.ethnicity = first.name, first.ethnicity
                self._rebirth(second, first.birth, dice)
                second.from_on = max(second.from_on, second.birth)

    def _make_twins(self, first: Person, second: Person, dice: Dice) -> None:
        pair = (min(first.sex, second.sex), max(first.sex, second.sex))
        given = dice.pick(TWIN_NAMES[pair])
        names = given if first.sex <= second.sex else given[::-1]
        first.ethnicity = second.ethnicity = "KAZAKH"
        father = patronymic_of("Серік", first.sex, "kk") if first.name.patronymic is None else first.name.patronymic
        base = (
            replace(new_name("KAZAKH", first.sex, dice), patronymic=father)
            if first.ethnicity != "KAZAKH"
            else first.name
        )
        first.name = replace(base, given=names[0])
        second.name = sibling_name(first.name, first.sex, "KAZAKH", second.sex, dice, names[1])
        first.citizenship = second.citizenship = 1
        first.country = second.country = None
        first.is_visitor = second.is_visitor = False
        if first.is_present and first.home_kato is None and first.has_other_home:
            self._set_home(first, dice)
        self._rebirth(second, first.birth, dice)
        second.birth_time = first.birth_time
        if first.iin is not None and second.iin is not None:
            second.iin = self._next_number(first.iin) or second.iin
        second.from_on = max(second.from_on, second.birth)
        second.home_kato = first.home_kato if second.has_other_home else None
        first.twin_key = second.twin_key = first.key
        first.family_key = second.family_key = first.family_key or first.key

    def _next_number(self, number: str) -> str | None:
        """The serial number issued right after, as twins get it."""
        base = f"{number[:7]}{(int(number[7:11]) + 1) % 10000:04d}"
        last = check_digit(base)
        if last is None or base + str(last) in self.taken:
            return None
        self.taken.add(base + str(last))
        return base + str(last)
