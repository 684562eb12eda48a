"""A small field written by hand: relations as the steps before would leave them, one row at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from pipeline import identifiers
from pipeline.schema import load_tables
from pipeline.settings import PROJECT
from pipeline.sql import Workbench

REFERENCE = PROJECT / "data" / "reference"
TABLES = load_tables(REFERENCE / "questionnaire.yaml")

# What count reads and the reference files or the build give it.
GIVEN = {
    "round": "round_id VARCHAR, census_moment_at TIMESTAMP, moment_on DATE, list_as_of_on DATE, zone VARCHAR, tablet_start_at TIMESTAMP",
    "round_window": "mode VARCHAR, starts_at TIMESTAMP, ends_at TIMESTAMP",
    "residence_rule": "category_code VARCHAR, pattern VARCHAR",
    "threshold": "alert_id VARCHAR, amber VARCHAR, red VARCHAR, unit VARCHAR",
    "ref_category": "category_code VARCHAR, tier VARCHAR, publication_group VARCHAR",
    "ref_code": "code_list VARCHAR, code VARCHAR",
    "ref_variable": "variable VARCHAR, code_list VARCHAR, section VARCHAR, asked_if VARCHAR",
    "answers": "record_id VARCHAR, ethnicity VARCHAR, religion INTEGER, children_born_count INTEGER, plans_to_move_abroad VARCHAR",
}
EARLIER = """
    batch batch_daily record identity institution staff premises device list list_entry list_identity movement movement_identity
    headcount intake_record record_check respondent person_record person record_state list_match
"""


class Field(Workbench):
    """A workbench over relations made by hand; as in a build, tables appear one after another under their names."""

    def __init__(self, folder: Path, as_of: datetime = datetime(2021, 10, 20, tzinfo=UTC)) -> None:
        self.step = "count"
        self.step_dir = folder
        self.schemas = TABLES
        self.settings = SimpleNamespace(reference=REFERENCE)  # type: ignore[assignment]
        self.as_of = as_of
        self.con = duckdb.connect(config={"threads": 2})
        self.con.execute("SET TimeZone = 'UTC'")
        identifiers.register(self.con)
        self._register_moments()
        for name, columns in GIVEN.items():
            self.con.execute(f"CREATE TABLE {name} ({columns})")
        for name in EARLIER.split():
            columns = ", ".join(f'"{column}" {spec.type}' for column, spec in TABLES[name].columns.items())
            self.con.execute(f"CREATE TABLE {name} ({columns})")
        self._set_up_round()

    def _set_up_round(self) -> None:
        self.add("round", round_id="test", census_moment_at="2021-08-31 18:00", moment_on="2021-08-31", list_as_of_on="2021-06-01",
                 zone="Asia/Aqtau", tablet_start_at="2021-09-30 19:00")  # fmt: skip
        self.add("round_window", mode="web_self", starts_at="2021-08-31 19:00", ends_at="2021-10-15 19:00")
        self.add("round_window", mode="tablet", starts_at="2021-09-30 19:00", ends_at="2021-10-30 19:00")
        for category, pattern in (
            ("ORPH", "HERE"),
            ("INPAT", "HOME_UNLESS_LONG"),
            ("BOARD_GIFT", "BOARDER_HOME"),
            ("HOMELESS_PATROL", "FIRST_CONTACT"),
        ):
            self.add("residence_rule", category_code=category, pattern=pattern)
            self.add("ref_category", category_code=category, tier="S1", publication_group="G")

    def add(self, relation: str, **values: Any) -> None:
        """Add one row; columns not named are NULL."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        self.con.execute(f"INSERT INTO {relation} ({names}) VALUES ({marks})", list(values.values()))

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query as dictionaries."""
        found = self.con.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def row(self, query: str) -> dict[str, Any]:
        """Return the only row of a query."""
        rows = self.rows(query)
        assert len(rows) == 1, f"{len(rows)} rows"
        return rows[0]

    # things of the field ---------------------------------------------------------------------------------------------

    def institution(self, institution_id: str = "A", category_code: str = "ORPH", **more: Any) -> None:
        """Put an institution into the register."""
        values = {"bin": f"BIN{institution_id}", "site_no": 1, "kato": "471010000", "governing_order": "141/17", "head_order_no": "5",
                  "is_web_only": False, "batch_id": "r"}  # fmt: skip
        self.add("institution", institution_id=institution_id, category_code=category_code, **{**values, **more})

    def listed(self, count: int, institution_id: str = "A", **more: Any) -> list[str]:
        """Put `count` different people on the institution's list."""
        if not self.rows(f"SELECT 1 FROM list WHERE institution_id = '{institution_id}'"):
            self.add("list", list_id=f"L{institution_id}", institution_id=institution_id, list_as_of_on="2021-06-01",
                     entry_count=count, version_no=1, batch_id="l")  # fmt: skip
        start = self.value("SELECT count(*) FROM list_entry")
        return [self.entry(name_of(number), institution_id, **more) for number in range(start, start + count)]

    def entry(self, family_name: str, institution_id: str = "A", *, admitted_on: str = "2015-09-01", note_code: str | None = None,
              birth_on: str | None = "2010-05-05", iin: str | None = None) -> str:  # fmt: skip
        """Put one row on the list."""
        entry_id = f"e{self.value('SELECT count(*) FROM list_entry'):05d}"
        self.add("list_entry", entry_id=entry_id, list_id=f"L{institution_id}", institution_id=institution_id, admitted_on=admitted_on,
                 note_code=note_code)  # fmt: skip
        self.add("list_identity", entry_id=entry_id, family_name=family_name, given_name="Дана", patronymic="Асқарқызы",
                 birth_on=birth_on, birth_date_precision="DAY", iin=iin)  # fmt: skip
        return entry_id

    def moved(
        self, kind: str, on: str, time: str | None = None, institution_id: str = "A", who: str | None = None
    ) -> None:
        """Write one line of the movement book; `time` is local, `who` a family name."""
        number = self.value("SELECT count(*) FROM movement")
        at = f"(TIMESTAMP '{on} {time}' - INTERVAL 5 HOUR)" if time else "NULL"
        self.add("movement", movement_id=f"m{number:05d}", institution_id=institution_id, movement_no=number, movement_type=kind,
                 occurred_on=on, occurred_time=time, occurred_at=self.value(f"SELECT {at}::TIMESTAMP"))  # fmt: skip
        self.add("movement_identity", movement_id=f"m{number:05d}", family_name=who or f"Келген{name_of(number)}", given_name="Дана",
                 patronymic="Асқарқызы", birth_on="2010-05-05")  # fmt: skip

    def signed(self, present: int, absent: int = 0, usual: int | None = None, institution_id: str = "A") -> None:
        """Hand in the signed headcount."""
        self.add("headcount", institution_id=institution_id, present_count=present, temporarily_absent_count=absent,
                 usual_present_count=present if usual is None else usual, batch_id="h")  # fmt: skip

    def expected(self, institution_id: str = "A") -> dict[str, Any]:
        """Make `expected` and return the institution's row."""
        self.write("expected")
        return self.row(f"SELECT * FROM expected WHERE institution_id = '{institution_id}'")


def name_of(number: int) -> str:
    """Return a family name no other number has, in letters: digits are no part of a name."""
    return "Т" + "".join("ба ва га да за ка ла ма на па".split()[int(digit)] for digit in str(number)) + "ов"


def each_state() -> Iterator[str]:
    """Yield the seven states of a record."""
    yield from ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")
