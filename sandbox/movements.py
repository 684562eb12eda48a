"""Movements and the signed headcount of the moment, as files or by the portal: what the administration knows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sandbox.dice import Dice
from sandbox.noise import Noise
from sandbox.people import Person
from sandbox.tables import Cell, csv_bytes, xlsx_bytes
from sandbox.world import AQTAU, MOMENT_DAY, Institution, World

COLUMNS = ("movement_no", "movement_type", "occurred_on", "occurred_time", "iin", "family_name", "given_name", "patronymic", "sex",
           "birth_date", "other_institution_id", "other_kato", "ward")  # fmt: skip
HEADCOUNT = ("institution_id", "moment_at", "present_count", "temporarily_absent_count", "living_in_staff_count", "usual_present_count",
             "signed_by_staff_id", "signed_on")  # fmt: skip
SHARE_BY_PORTAL = 0.2  # of institutions, whose own system gives both to the portal


@dataclass(frozen=True)
class Event:
    """One line of the admission book."""

    kind: str
    day: date
    person: Person
    ward: str
    clock: str | None = None
    other: str | None = None


@dataclass
class File:
    """A file on its way to the Department; with the path ``portal/FEED`` lines on their way to the portal."""

    path: str
    content: bytes
    arrives_at: datetime


def movement_files(seed: int, world: World, people: list[Person], noise: Noise) -> list[File]:
    """Return the movement files: one before 10 September, one in late October."""
    books: dict[str, list[Event]] = {site: [] for site in world.institutions}
    for person in people:
        for site_id, event in _events(person):
            books[site_id].append(event)
    files: list[File] = []
    for site_id, book in books.items():
        if world.institutions[site_id].category == "HOMELESS_PATROL":
            continue
        dice = Dice(seed, "movement", site_id)
        book.sort(key=lambda e: (e.day, e.kind, e.person.key))
        early = [e for e in book if e.day <= MOMENT_DAY]
        late = [e for e in book if MOMENT_DAY < e.day <= date(2021, 10, 20)]
        if not noise.happens(dice, "movement_not_sent"):
            sent = date(2021, 9, dice.integer(2, 10)) + timedelta(days=dice.integer(5, 30) if dice.chance(0.12) else 0)
            files.append(_file(seed, site_id, "1", early, 1, sent, dice))
            if dice.chance(0.1):  # sent again with the same numbers
                files.append(_file(seed, site_id, "1_povtor", early, 1, sent + timedelta(days=4), dice))
        if late and dice.chance(0.8):
            files.append(_file(seed, site_id, "2", late, len(early) + 1, date(2021, 10, dice.integer(21, 29)), dice))
    return files


def _events(person: Person) -> list[tuple[str, Event]]:
    if person.kind in {"HOUSEHOLD", "STAFF"}:
        return []
    site, found = person.institution_id, []

    def add(kind: str, day: date | None, clock: str | None = None, other: str | None = None) -> None:
        if day is not None:
            found.append((site, Event(kind, day, person, person.ward, clock, other)))

    if person.kind in {"ARRIVED", "AFTER", "INTAKE", "BORN_AFTER"}:
        if person.birth == person.from_on:
            add("BIRTH", person.birth, person.birth_time)
        elif person.earlier:
            add("TRANSFER_IN", person.from_on, other=person.earlier.institution_id)
            found.append(
                (
                    person.earlier.institution_id,
                    Event("TRANSFER_OUT", person.from_on, person, person.earlier.ward, other=site),
                )
            )
        else:
            add("ADMISSION", person.from_on)
    if person.leave:
        add("LEAVE", person.leave[0])
        add("RETURN", person.leave[1])
        if person.present_elsewhere:
            away, back = person.leave
            found.append((person.present_elsewhere, Event("ADMISSION", away, person, "1")))
            if back:
                found.append((person.present_elsewhere, Event("DISCHARGE", back, person, "1")))
    if person.death_on:
        add("DEATH", person.death_on, person.death_time)
    elif person.later:
        add("TRANSFER_OUT", person.to_on, other=person.later.institution_id)
        found.append(
            (
                person.later.institution_id,
                Event("TRANSFER_IN", person.later.from_on, person, person.later.ward, other=site),
            )
        )
    else:
        add("DISCHARGE", person.to_on)
    return found


def _is_by_portal(seed: int, site_id: str) -> bool:
    return Dice(seed, "by_portal", site_id).chance(SHARE_BY_PORTAL)


def _lines(rows: list[list[Cell]], **said: str) -> bytes:
    """Return rows below their header as the portal keeps them, one object a line."""
    header, *below = rows
    named = ({str(name): cell for name, cell in zip(header, row, strict=True)} for row in below)
    return b"".join(json.dumps({**cells, **said}, ensure_ascii=False).encode() + b"\n" for cells in named)


def _file(seed: int, site_id: str, name: str, events: list[Event], first_no: int, sent: date, dice: Dice) -> File:
    rows: list[list[Cell]] = [list(COLUMNS)]
    for number, event in enumerate(events, first_no):
        who = event.person
        birth = who.written_birth
        rows.append(
            [number, event.kind, event.day.isoformat(), event.clock, who.iin, who.name.family, who.name.given or None, who.name.patronymic,
             who.sex, birth.isoformat() if birth else None, event.other, who.home_kato if event.kind == "DISCHARGE" else None, event.ward]
        )  # fmt: skip
    moment = datetime.combine(sent, time(dice.integer(9, 18), dice.integer(0, 59)), AQTAU)
    is_workbook = dice.chance(0.25)
    if _is_by_portal(seed, site_id):
        return File("portal/movements", _lines(rows, institution_id=site_id), moment)
    if is_workbook:
        return File(f"movement/{site_id}/dvizhenie_{name}.xlsx", xlsx_bytes({"movement": rows}), moment)
    return File(f"movement/{site_id}/dvizhenie_{name}.csv", csv_bytes(rows), moment)


def headcount_files(seed: int, world: World, people: list[Person], noise: Noise) -> list[File]:
    """Return the signed headcounts of the moment, one per institution; none exists for street patrols."""
    present, usual, absent, staff = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for person in people:
        if person.kind == "HOUSEHOLD":
            staff[person.institution_id] += 1
        if person.present_institution_id:
            present[person.present_institution_id] += 1
        if person.usual_institution_id:
            (usual if person.is_present else absent)[person.institution_id] += 1
    files = []
    for site in world.institutions.values():
        dice = Dice(seed, "headcount", site.institution_id)
        if site.category == "HOMELESS_PATROL" or noise.happens(dice, "headcount_not_sent"):
            continue
        counts = [c[site.institution_id] for c in (present, absent, staff, usual)]
        files += _headcount(seed, site, counts, noise, dice)
    return files


def _headcount(seed: int, site: Institution, counts: list[int], noise: Noise, dice: Dice) -> list[File]:
    site_id, files = site.institution_id, []
    sent = date(2021, 9, dice.integer(1, 10)) + timedelta(days=dice.integer(4, 20) if dice.chance(0.1) else 0)
    wrong = counts[0] and noise.happens(dice, "headcount_wrong")
    attempts = [counts]
    if wrong:
        off = max(0, counts[0] + dice.pick([-2, -1, 1, 2]))
        attempts = [[off, counts[1], counts[2], min(counts[3], off)]]
        if dice.chance(0.3):
            attempts.append(counts)  # corrected and sent again
    for number, (present, absent, staff, usual) in enumerate(attempts, 1):
        row: list[Cell] = [
            site_id,
            "2021-08-31T23:00:00+05:00",
            present,
            absent,
            staff,
            usual,
            site.staff[0].staff_id,
            sent.isoformat(),
        ]
        moment = datetime.combine(
            sent + timedelta(days=3 * (number - 1)), time(dice.integer(9, 18), dice.integer(0, 59)), AQTAU
        )
        path = f"headcount/{site_id}/chislennost_{number}"
        is_workbook = dice.chance(0.2)
        if _is_by_portal(seed, site_id):
            files.append(File("portal/headcounts", _lines([list(HEADCOUNT), row]), moment))
        elif is_workbook:
            files.append(File(path + ".xlsx", xlsx_bytes({"headcount": [list(HEADCOUNT), row]}), moment))
        else:
            files.append(File(path + ".csv", csv_bytes([HEADCOUNT, row]), moment))
    return files
