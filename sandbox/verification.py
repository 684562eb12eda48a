"""The second look after the field: control walks, second interviews, ward books, and who was enumerated at home."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time

from sandbox.cases import Case
from sandbox.dice import Dice
from sandbox.identity import Identity, Scribe
from sandbox.movements import File
from sandbox.people import Person
from sandbox.tables import Cell, xlsx_bytes
from sandbox.world import AQTAU, MOMENT_DAY, World

SOURCE = ("source_id", "source_kind", "institution_id", "taken_on", "row_count", "is_independent", "declared_by")
PERSON = ("source_id", "person_no", "finding", "iin", "family_name", "given_name", "patronymic", "sex", "birth_date")
ANSWER = ("source_id", "case_id", "variable", "value")
WALKED, BOOKED = 0.1, 0.35  # of institutions
WALK_FINDS, BOOK_HAS, SEEN_AT_HOME, ASKED_AGAIN, SAYS_THE_SAME = 0.96, 0.93, 0.7, 0.15, 0.93
ASKED = ("marital_status", "education_level", "is_literate", "attends_education", "disability_group", "religion")


@dataclass
class Sheets:
    """The three sheets of a delivery."""

    sources: list[list[Cell]] = field(default_factory=lambda: [list(SOURCE)])
    people: list[list[Cell]] = field(default_factory=lambda: [list(PERSON)])
    answers: list[list[Cell]] = field(default_factory=lambda: [list(ANSWER)])

    def add(self, kind: str, site: str | None, taken_on: date, rows: int, declared_by: str | None = None) -> str:
        """Add a source of so many rows and return its id."""
        source_id = f"{kind.lower()}-{site or 'region'}"
        is_independent = "true" if declared_by else "false"
        self.sources.append([source_id, kind, site, taken_on, rows, is_independent, declared_by])
        return source_id

    def name(self, source_id: str, identities: list[tuple[str | None, Identity]]) -> None:
        """Write people below a source."""
        for number, (finding, who) in enumerate(identities, 1):
            self.people.append([source_id, number, finding, *(who[column] for column in PERSON[3:])])

    def file(self, name: str, sent: date) -> File:
        """Return the delivery as a workbook."""
        sheets = {"source": self.sources, "person": self.people, "answer": self.answers}
        return File(f"verification/{name}.xlsx", xlsx_bytes(sheets), datetime.combine(sent, time(11), AQTAU))


def verification_files(
    seed: int, world: World, people: list[Person], cases: list[Case], scribes: dict[str, Scribe]
) -> list[File]:
    """Return the deliveries of the Department's verification, after the field."""
    dice = Dice(seed, "verification")
    sites = [
        site.institution_id for site in world.institutions.values() if site.size and site.category != "HOMELESS_PATROL"
    ]
    there: dict[str, list[Person]] = {site: [] for site in world.institutions}
    for person in people:
        if person.present_institution_id:
            there[person.present_institution_id].append(person)
    walk, books = Sheets(), Sheets()
    for site in dice.sample(sites, max(2, round(WALKED * len(sites)))):
        done = [
            case for case in cases if case.filled_at == site and case.status == "submitted" and not case.is_training
        ]
        _walk(walk, site, there[site], done, scribes[site], Dice(seed, "walk", site))
        _ask_again(walk, site, done, Dice(seed, "second interview", site))
    for number, site in enumerate(dice.sample(sites, max(2, round(BOOKED * len(sites))))):
        by = Dice(seed, "ward book", site)
        seen: list[tuple[str | None, Identity]] = [
            (None, scribes[site].write(person, by, None)) for person in there[site] if by.chance(BOOK_HAS)
        ]
        books.name(books.add("SECOND_SOURCE", site, MOMENT_DAY, len(seen), "DEP-01" if number else None), seen)
    _at_home(books, people, scribes, Dice(seed, "home returns"))
    return [walk.file("obhod", date(2021, 11, 12)), books.file("istochniki", date(2021, 11, 22))]


def _walk(sheets: Sheets, site: str, there: list[Person], done: list[Case], scribe: Scribe, dice: Dice) -> None:
    """Walk through an institution: who was there, and who was enumerated and was not."""
    found: list[tuple[str | None, Identity]] = [
        ("PRESENT", scribe.write(person, dice, None)) for person in there if dice.chance(WALK_FINDS)
    ]
    keys = {person.key for person in there}
    absent = {case.case_id: case for case in done if case.person is None or case.person.key not in keys}
    found += [("NOT_PRESENT", case.identity) for case in absent.values() if dice.chance(WALK_FINDS)]
    sheets.name(sheets.add("CONTROL_WALK", site, date(2021, 11, 8), len(found)), found)


def _ask_again(sheets: Sheets, site: str, done: list[Case], dice: Dice) -> None:
    """Ask some people a second time; who remembers otherwise says what somebody else said."""
    known = list({case.case_id: case for case in done if case.case_id}.values())
    chosen = dice.sample(known, max(1, round(ASKED_AGAIN * len(known))))
    rows: list[list[Cell]] = []
    for case in chosen:
        for variable in ASKED:
            said = case if dice.chance(SAYS_THE_SAME) else dice.pick(chosen)
            value = said.answers.get(variable)
            rows.append([case.case_id, variable, str(value).lower() if isinstance(value, bool) else value])
    source_id = sheets.add("REINTERVIEW", site, date(2021, 11, 8), len(rows))
    sheets.answers += [[source_id, *row] for row in rows]


def _at_home(sheets: Sheets, people: list[Person], scribes: dict[str, Scribe], dice: Dice) -> None:
    """Enumerate boarders where their families live."""
    boarders = [
        person for person in people if person.category in {"BOARD_GIFT", "BOARD_SPORT"} and person.has_other_home
    ]
    seen: list[tuple[str | None, Identity]] = [
        (None, scribes[person.institution_id].write(person, dice, None))
        for person in boarders
        if dice.chance(SEEN_AT_HOME)
    ]
    sheets.name(sheets.add("HOME_RETURNS", None, date(2021, 11, 20), len(seen)), seen)
