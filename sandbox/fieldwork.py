"""Who is interviewed where, when, by whom and on what; and what goes wrong while doing so."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from math import ceil

from sandbox.answers import Answers, answer
from sandbox.cases import Case
from sandbox.certificates import Certificates
from sandbox.dice import Dice
from sandbox.identity import Identity, Scribe
from sandbox.lists import ListRow
from sandbox.names import Name, new_name
from sandbox.noise import Noise
from sandbox.numbers import issue_iin
from sandbox.people import Person
from sandbox.profiles import FAITHFUL
from sandbox.world import AQTAU, MOMENT_DAY, Device, Institution, Staff, World

WEB = (date(2021, 9, 1), date(2021, 10, 15))
REOPENED = (date(2021, 10, 20), date(2021, 10, 29))
TABLET = (date(2021, 10, 1), date(2021, 10, 30))


def slots(device: Device, count: int, dice: Dice) -> Iterator[tuple[datetime, datetime]]:
    """Yield the hours of interviews on one tablet, day after day, Sundays off."""
    days = [TABLET[0] + timedelta(days=i) for i in range(30)]
    days = [d for d in days if d.weekday() != 6]
    per_day = max(12, ceil(count / (len(days) - 1)))
    needed = ceil(count / per_day) + 1
    first = dice.integer(0, max(0, len(days) - needed))
    while True:
        for day in days[first:]:
            clock = datetime.combine(day, time(9, dice.integer(0, 40)), AQTAU)
            for _ in range(per_day):
                end = clock + timedelta(minutes=dice.integer(12, 26), seconds=dice.integer(0, 59))
                yield clock, end
                clock = end + timedelta(minutes=dice.integer(2, 12))
                if clock.hour >= 20:
                    break
        first = 0


class Fieldwork:
    """The enumeration of one institution after another."""

    def __init__(
        self, seed: int, world: World, people: list[Person], noise: Noise, scribes: dict[str, Scribe], taken: set[str]
    ) -> None:
        self.seed, self.world, self.noise, self.scribes, self.taken = seed, world, noise, scribes, taken
        self.certificates = Certificates(seed, noise)
        self.extra_people: list[Person] = []
        self.inventors = sum(s.invents for i in world.institutions.values() for s in i.staff)
        self.total = sum(i.size for i in world.institutions.values())
        self.roll: dict[str, list[Person]] = {site: [] for site in world.institutions}
        for person in people:
            self.roll[person.institution_id].append(person)
            if person.later:
                self.roll[person.later.institution_id].append(person)
            if person.present_elsewhere:
                self.roll[person.present_elsewhere].append(person)
        self.next_key = len(people)

    def run(self, lists: dict[str, list[ListRow]]) -> list[Case]:
        """Return every version of every case, site by site, in no order of time."""
        cases: list[Case] = []
        for site in self.world.institutions.values():
            entries = {e.person.key: e.row_no for e in reversed(lists.get(site.institution_id, [])) if e.person}
            visit = Visit(self, site, entries)
            if site.size and not visit.is_zero:
                cases += visit.enumerate()
            cases += visit.training()
        return cases


class Visit:
    """The enumeration of one institution."""

    def __init__(self, field: Fieldwork, site: Institution, entries: dict[str, int]) -> None:
        self.field, self.site, self.noise, self.entries = field, site, field.noise, entries
        self.dice = Dice(field.seed, "fieldwork", site.institution_id)
        self.ids = Dice(field.seed, "case ids", site.institution_id)
        self.scribe = field.scribes[site.institution_id]
        self.tablets = [d for d in field.world.devices.values() if d.used_at == site.institution_id]
        self.is_zero = self.noise.happens(self.dice, "site_zero")
        self.proxy = self.dice.uniform(*site.profile.proxy)
        self.web_share = 1.0 if not self.tablets else self.dice.uniform(0.1, 0.7)
        self.hours: dict[str, Iterator[tuple[datetime, datetime]]] = {}

    # whom --------------------------------------------------------------------------------------------------------

    def enumerate(self) -> list[Case]:
        """Return the cases of this institution."""
        chosen = self._chosen()
        for tablet in self.tablets:
            self.hours[tablet.device_id] = slots(tablet, ceil(1.25 * len(chosen) / len(self.tablets)), self.dice)
        cases: list[Case] = []
        for person in chosen:
            cases += self._cases_of(person)
        for staff in self.site.staff:
            cases += self._staff_mistakes(staff, len(chosen))
        return cases

    def _chosen(self) -> list[Person]:
        missed_ward = self.dice.pick(self.site.wards) if self.noise.happens(self.dice, "ward_missed") else None
        chosen: list[Person] = []
        after: list[Person] = []
        for person in self.field.roll[self.site.institution_id]:
            if person.kind == "AFTER":
                after.append(person)
            elif not (person.ward == missed_ward and len(self.site.wards) > 1) and self._is_recorded(person):
                chosen.append(person)
        base = 1.0 if self.site.profile.stay == "home" else 0.2
        share = min(0.6, self.noise.probability("admitted_after", self.site.institution_id, base=base))
        wanted = round(share / (1 - share) * len(chosen))
        return self.dice.shuffled(chosen + self.dice.sample(after, wanted))

    def _is_recorded(self, person: Person) -> bool:
        dice, here = self.dice, self.site.institution_id
        if person.institution_id != here:
            return dice.chance(0.75 if person.later else 0.55)
        if person.kind in {"DEPARTED", "LEAVER"}:
            return self.noise.happens(dice, "departed_recorded", here)
        if person.kind in {"BORN_AFTER", "DIED_BEFORE"}:
            return dice.chance(0.9)
        if person.kind == "HOUSEHOLD":
            return dice.chance(0.7)
        return not self.noise.happens(dice, "missed", here, base=self.site.profile.missed)

    # one person --------------------------------------------------------------------------------------------------

    def _cases_of(self, person: Person) -> list[Case]:
        dice, here = self.dice, self.site.institution_id
        refused = person.scope == "IN" and person.position == "RESIDENT" and self.noise.happens(dice, "refused", here)
        if refused and dice.chance(0.3):
            person.has_refused = True
            return []
        case = self._interview(person, dice.chance(self.web_share), refused)
        cases = [case]
        if case.device is None and self.tablets and self.noise.happens(dice, "web_and_tablet", here):
            cases.append(self._interview(person, False, False))
        if self.noise.happens(dice, "reentered", here, case.staff_id):
            cases.append(self._interview(person, case.device is None, False))
        return [version for one in cases for version in self._versions(one)]

    def _interview(self, person: Person, by_web: bool, refused: bool) -> Case:
        dice = self.dice
        started, completed, device = self._when(by_web, person)
        if person.kind == "AFTER" and person.from_on >= started.date():
            person.from_on = started.date() - timedelta(days=1)
        mode = self._mode(person, by_web)
        staff = None if mode == "web_self" else dice.pick(self._staff(device)).staff_id
        answers = answer(person, self.site, started.date(), dice, self.noise.rates.item_nonresponse)
        answers.update(self._proxy(person, started.date(), mode, refused))
        scope = self._scope(person)
        if person.later and person.later.institution_id == self.site.institution_id and dice.chance(0.3):
            scope = None  # the second institution believes the person was there all along
            answers["residence_status"] = "TEMP_PRESENT"
            answers.pop("stay_from_on", None)
        return self._case(
            person,
            device,
            mode,
            staff,
            (started, completed),
            self.scribe.write(person, dice, staff, mode == "web_self"),
            answers,
            scope,
        )

    def _scope(self, person: Person) -> str | None:
        if person.later and person.later.institution_id == self.site.institution_id:
            return "NOT_HERE_AT_MOMENT"
        return None if person.scope == "IN" else person.scope

    def _when(self, by_web: bool, person: Person) -> tuple[datetime, datetime, Device | None]:
        dice = self.dice
        if not by_web:
            device = dice.pick(self.tablets)
            started, completed = next(self.hours[device.device_id])
            return started, completed, device
        window = REOPENED if self.noise.happens(dice, "web_reopened") else WEB
        first = date(2021, 9, 16) if person.kind == "AFTER" and window is WEB else window[0]
        if person.kind == "BORN_AFTER" or (person.later and person.later.institution_id == self.site.institution_id):
            first = max(first, date(2021, 10, 1))
        day = dice.day(first, window[1])
        started = datetime.combine(day, time(dice.integer(8, 21), dice.integer(0, 59), dice.integer(0, 59)), AQTAU)
        return started, started + timedelta(minutes=dice.integer(11, 40), seconds=dice.integer(0, 59)), None

    def _mode(self, person: Person, by_web: bool) -> str:
        if not by_web:
            return "tablet"
        able = (
            person.age_on(MOMENT_DAY) >= 14
            and self.site.category not in {"PSY", "BABY", "ORPH"}
            and person.iin
            and not person.death_on
        )
        return "web_self" if able and self.dice.chance(0.35) else "web_assisted"

    def _staff(self, device: Device | None) -> list[Staff]:
        return self.site.staff[: 1 + len(self.site.staff) // 2] if device is None else self.site.staff

    def _proxy(self, person: Person, day: date, mode: str, refused: bool) -> Answers:
        """Who answered: the person, or somebody else, and why."""
        reason = None
        if person.death_on and person.death_on <= day:
            reason = "DECEASED"
        elif person.age_on(MOMENT_DAY) < 14:
            reason = "TOO_YOUNG"
        elif mode == "web_self":
            reason = None
        elif refused:
            reason = "REFUSED"
        elif person.to_on and person.to_on <= day:
            reason = "LEFT"
        elif person.leave and person.leave[0] <= day <= (person.leave[1] or day):
            reason = "ABSENT"
        elif self.dice.chance(self.proxy):
            reason = "ISOLATION" if self.site.category in {"SANEPID", "TB"} else "INCAPACITY"
        if reason is None:
            return {"is_proxy": False}
        source = "ADMINISTRATION"
        if reason == "TOO_YOUNG" and self.site.category not in FAITHFUL and self.site.profile.stay != "board":
            source = self.dice.weighted({"LEGAL_REPRESENTATIVE": 60, "RELATIVE": 15, "ADMINISTRATION": 25})
        elif self.dice.chance(0.1):
            source = "DOCUMENT"
        return {"is_proxy": True, "proxy_reason": reason, "proxy_source": source}

    def _case(
        self, person: Person | None, device: Device | None, mode: str, staff: str | None, hours: tuple[datetime, datetime],
        identity: Identity, answers: Answers, scope: str | None,
    ) -> Case:  # fmt: skip
        dice = self.dice
        written = self.site.institution_id
        if self.noise.happens(dice, "wrong_site", written, staff) and mode != "web_self":
            others = [s for s in self.field.world.institutions if s != written]
            written = dice.pick(others) if others and not dice.chance(0.15) else "MNG-9999"
        entry = self.entries.get(person.key) if person and mode != "web_self" and dice.chance(0.85) else None
        form_version = device.form_version if device else "2021.1"
        return Case(
            case_id=self._new_id(), version=1, person=person, filled_at=self.site.institution_id, written_site=written, mode=mode,
            staff_id=staff, device=device, started=hours[0], completed=hours[1], identity=identity, answers=answers, scope=scope,
            hold="UNAPPROVED_FORM" if form_version != "2021.1" else None,
            form_code="F4_TEMP_VISITOR" if person and person.is_visitor else "F3_PERSON", form_version=form_version,
            list_entry_no=entry, certificate_no=self._certificate(staff) if scope != "TRAINING" else None,
        )  # fmt: skip

    def _certificate(self, staff: str | None) -> str | None:
        """Return the number of the certificate; who answers alone online gets none."""
        colleagues = [other.staff_id for other in self.site.staff]
        return self.field.certificates.give(staff, self.site.institution_id, colleagues) if staff else None

    def _new_id(self) -> str:
        digits = self.ids.hex(32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    # versions and damage -----------------------------------------------------------------------------------------

    def _versions(self, case: Case) -> list[Case]:
        """The case with its earlier and later versions, and the damage that hits a single one."""
        dice, happens = self.dice, self.noise.happens
        here = self.site.institution_id
        if happens(dice, "no_case_id"):
            return [replace(case, case_id=None, hold="NO_CASE_ID")]
        if happens(dice, "no_person"):
            nobody: Identity = dict.fromkeys(case.identity) | {"birth_date_precision": "UNKNOWN"}
            return [replace(case, identity=nobody, answers={"is_proxy": True}, list_entry_no=None, hold="NO_PERSON")]
        if case.device is None and happens(dice, "draft_left", here):
            begun = dict(list(case.answers.items())[:12])
            draft = replace(
                case, status="draft", answers=begun, scope="DRAFT", completed=case.started + timedelta(minutes=6)
            )
            later = timedelta(days=dice.integer(1, 9))
            return [draft, replace(case, version=2, completed=case.completed + later)] if dice.chance(0.5) else [draft]
        if happens(dice, "partial", here, case.staff_id):
            firm = {
                k: v
                for k, v in case.answers.items()
                if k < "m" or k.startswith(("position", "proxy", "presence", "residence_status", "stay", "usual"))
            }
            case = replace(case, status="partial", answers=firm)
        if happens(dice, "versions", here, case.staff_id):
            return [case, self._corrected(case)]
        if happens(dice, "withdrawn", here):
            later = timedelta(days=dice.integer(0, 4), minutes=30)
            return [
                case,
                replace(case, version=2, status="withdrawn", scope="WITHDRAWN", completed=case.completed + later),
            ]
        if happens(dice, "version_conflict", here):
            return [case, replace(self._corrected(case), version=1)]
        return [case]

    def _corrected(self, case: Case) -> Case:
        answers = deepcopy(case.answers)
        answers["education_level"] = self.dice.integer(1, 7)
        answers["usual_address_text"] = "адрес уточнён"
        return replace(
            case,
            version=2,
            answers=answers,
            status="submitted",
            completed=case.completed + timedelta(days=self.dice.integer(0, 6), minutes=20),
        )

    # staff -------------------------------------------------------------------------------------------------------

    def _staff_mistakes(self, staff: Staff, cases: int) -> list[Case]:
        found: list[Case] = []
        rate = self.noise.probability("staff_as_respondent", self.site.institution_id, staff.staff_id)
        if self.dice.chance(min(0.9, rate * cases / len(self.site.staff))):
            found.append(self._own_account(staff))
        if staff.invents and self.field.inventors:
            count = round(self.noise.rates.invented * self.field.total / self.field.inventors)
            found += [self._invented(staff) for _ in range(min(count, 2 + self.site.size // 4))]
        return found

    def _own_account(self, staff: Staff) -> Case:
        """The staff member registers for a respondent and sends the own data."""
        person = self._phantom(staff.name, staff.sex, staff.birth, staff.iin, "STAFF")
        self.field.next_key += 1
        person.key = f"P{self.field.next_key:07d}"
        person.home_kato = self.site.kato
        self.field.extra_people.append(person)
        started, completed, _ = self._when(True, person)
        answers = answer(person, self.site, started.date(), self.dice, 0.02) | {"is_proxy": False}
        for key in ("position_in_institution", "stay_from_on", "stay_duration"):
            answers.pop(key, None)
        identity = self.scribe.write(person, self.dice, staff.staff_id, True)
        return self._case(
            person, None, "web_assisted", staff.staff_id, (started, completed), identity, answers, "BELONGS_ELSEWHERE"
        )

    def _invented(self, staff: Staff) -> Case:
        """Nobody: a name and a date made up, filled in within minutes."""
        dice = self.dice
        sex = dice.integer(1, 2)
        birth = MOMENT_DAY.replace(month=1, day=1) - timedelta(days=365 * dice.integer(18, 75))
        person = self._phantom(new_name("KAZAKH", sex, dice), sex, birth, None, "ARRIVED")
        person.is_usual = person.is_present = True
        person.from_on = date(2021, 1, 1)
        started, _, device = self._when(not self.tablets, person)
        answers = answer(person, self.site, started.date(), dice, 0.1) | {
            "is_proxy": True,
            "proxy_reason": "INCAPACITY",
            "proxy_source": "ADMINISTRATION",
        }
        hours = (started, started + timedelta(minutes=dice.integer(2, 4)))
        case = self._case(
            None,
            device,
            "tablet" if device else "web_assisted",
            staff.staff_id,
            hours,
            self.scribe.write(person, dice, staff.staff_id),
            answers,
            None,
        )
        return replace(case, hold="INVENTED", list_entry_no=None)

    def _phantom(self, name: Name, sex: int, birth: date, iin: str | None, kind: str) -> Person:
        return Person(
            key="X", kind=kind, institution_id=self.site.institution_id, category=self.site.category, ward="", sex=sex, birth=birth, name=name,
            ethnicity="KAZAKH", iin=iin, from_on=date(2018, 1, 1), to_on=None, is_usual=False, is_present=False, has_other_home=True,
            home_kato=None, written_birth=birth,
        )  # fmt: skip

    def training(self) -> list[Case]:
        """Return the exercises left on the tablets of this institution."""
        cases = []
        for tablet in self.tablets:
            for number in range(tablet.training_cases):
                dice = self.dice
                started = datetime(
                    2021, 9, dice.integer(20, 29), dice.integer(10, 17), dice.integer(0, 59), tzinfo=AQTAU
                )
                sex = dice.integer(1, 2)
                birth = dice.day(date(1950, 1, 1), date(2005, 1, 1))
                name = (
                    Name("Тестов", "Тест", "Тестович")
                    if dice.chance(0.7)
                    else Name("Учебный", f"Пример {number + 1}", None)
                )
                person = self._phantom(
                    name,
                    sex,
                    birth,
                    issue_iin(birth, sex, dice, self.field.taken) if dice.chance(0.3) else None,
                    "ROLL",
                )
                person.is_usual = person.is_present = True
                answers = answer(person, self.site, started.date(), dice, 0.4) | {"is_proxy": False}
                staff = dice.pick(self.site.staff).staff_id
                hours = (started, started + timedelta(minutes=dice.integer(3, 15)))
                case = self._case(
                    None, tablet, "tablet", staff, hours, self.scribe.write(person, dice, staff), answers, "TRAINING"
                )
                cases.append(replace(case, is_training=dice.chance(0.8), list_entry_no=None))
        return cases
