"""A small field written by hand: relations as the steps before would leave them, one row at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb

from pipeline import identifiers
from pipeline.count import (
    make_control_totals,
    make_discrepancies,
    make_interviews,
    make_verification,
    register_closing,
)
from pipeline.lake import Lake
from pipeline.round import load_reference, load_round, register
from pipeline.schema import load_tables
from pipeline.settings import PROJECT, Settings
from pipeline.sql import Workbench

REFERENCE = PROJECT / "data" / "reference"
TABLES = load_tables(REFERENCE / "questionnaire.yaml")

ROUND = load_round(PROJECT / "data" / "rounds" / "kz-2021-mangystau.yaml")
KNOWN = load_reference(REFERENCE)
EMPTY = tempfile.TemporaryDirectory(prefix="empty-field-")
EARLIER = """
    batch batch_daily census_db_sweep record identity answers institution staff premises device device_before employee medium certificate certificate_return list list_entry list_identity movement movement_identity
    headcount verification_source verification_person verification_answer verification_match forwarded intake_record record_check respondent person_record person record_state own_account list_match list_across intake_discarded
"""


class Field(Workbench):
    """A workbench over relations made by hand; as in a build, tables appear one after another under their names."""

    def __init__(
        self,
        folder: Path,
        as_of: datetime = datetime(2021, 10, 20, tzinfo=UTC),
        *,
        seen_at: datetime | None = None,
        threads: int = 1,
    ) -> None:
        self.step = "count"
        self.step_dir = folder
        self.lake = Lake(folder / "lake")
        self.schemas = TABLES
        self.settings = cast(Settings, SimpleNamespace(reference=REFERENCE, identity_key=None, threads=threads))
        self.as_of, self.seen_at = as_of, seen_at or as_of
        self.batches, self.late_batches, self.closing = [], [], None
        self.con = duckdb.connect(config={"threads": threads})
        self.con.execute("SET TimeZone = 'UTC'")
        self.con.execute(f"ATTACH '{_empty_field()}' AS empty_field (READ_ONLY)")
        self.con.execute("COPY FROM DATABASE empty_field TO memory")
        self._register_moments()
        register_closing(self)

    def add(self, relation: str, **values: Any) -> None:
        """Add one row; columns not named are NULL. Every record of a batch is a case where it is not said."""
        if relation == "batch" and "record_count" in values:
            values.setdefault("slot_count", values["record_count"])
        self.add_all(relation, [values])

    def add_all(self, relation: str, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows that name the same columns; those not named are NULL."""
        if not rows:
            return
        names = ", ".join(f'"{name}"' for name in rows[0])
        marks = f"({', '.join('?' for _ in rows[0])})"
        values = [value for row in rows for value in row.values()]
        self.con.execute(f"INSERT INTO {relation} ({names}) VALUES {', '.join([marks] * len(rows))}", values)

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

    def institution(self, institution_id: str = "A", category_code: str | None = "ORPH", **more: Any) -> None:
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
        return self.entries([name_of(number) for number in range(start, start + count)], institution_id, **more)

    def entry(self, family_name: str, institution_id: str = "A", **more: Any) -> str:
        """Put one row on the list."""
        return self.entries([family_name], institution_id, **more)[0]

    def entries(self, family_names: list[str], institution_id: str = "A", *, admitted_on: str = "2015-09-01", note_code: str | None = None,
                birth_on: str | None = "2010-05-05", iin: str | None = None) -> list[str]:  # fmt: skip
        """Put rows on the list that differ by the family name."""
        start = self.value("SELECT count(*) FROM list_entry")
        names = {f"e{number:05d}": name for number, name in enumerate(family_names, start)}
        listed = {
            "list_id": f"L{institution_id}",
            "institution_id": institution_id,
            "admitted_on": admitted_on,
            "note_code": note_code,
        }
        said = {
            "given_name": "Дана",
            "patronymic": "Асқарқызы",
            "birth_on": birth_on,
            "birth_date_precision": "DAY",
            "iin": iin,
        }
        self.add_all("list_entry", [{"entry_id": entry_id, **listed} for entry_id in names])
        self.add_all(
            "list_identity", [{"entry_id": entry_id, "family_name": name, **said} for entry_id, name in names.items()]
        )
        return list(names)

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

    def people(self, count: int, usual: str | None, present: str | None, **more: Any) -> None:
        """Count `count` persons at their two places."""
        start = self.value("SELECT count(*) FROM person")
        values = {"basis": "usual_here", "mode": "tablet", "is_proxy": False, "has_iin": True, "received_at": "2021-10-05 10:00",
                  "usual_institution_id": usual, "present_institution_id": present}  # fmt: skip
        self.add_all(
            "person",
            [
                {"person_id": f"p{number:05d}", "survivor_record_id": f"s{number:05d}", **values, **more}
                for number in range(start, start + count)
            ],
        )

    def records(
        self, states: list[str], institution_id: str = "A", reason: str | None = None, **more: Any
    ) -> list[str]:
        """Receive one record per state; `more` are columns of `record`."""
        start = self.value("SELECT count(*) FROM record")
        values = {"route": "portal", "batch_id": "b", "received_at": "2021-10-05 10:00", "case_version": 1}
        made = [
            {"record_id": name, "institution_id": institution_id, "case_id": name, **values, **more}
            for name in (f"r{number:05d}" for number in range(start, start + len(states)))
        ]
        shared = ("record_id", "institution_id", "route", "batch_id", "received_at", "case_id")
        self.add_all("record", made)
        self.add_all(
            "record_state",
            [
                {**{name: row[name] for name in shared}, "state": state, "reason": reason}
                for row, state in zip(made, states, strict=True)
            ],
        )
        return [row["record_id"] for row in made]

    def outcomes(self, outcomes: list[str], institution_id: str = "A", *, is_on_list: bool = True) -> None:
        """Match list and persons: one row per outcome, for an entry or for a person who is on no list."""
        start = self.value("SELECT count(*) FROM list_match")
        side = "entry_id" if is_on_list else "person_id"
        self.add_all(
            "list_match",
            [
                {"match_id": f"x{number:05d}", "institution_id": institution_id, "outcome": outcome, side: f"o{number}"}
                for number, outcome in enumerate(outcomes, start)
            ],
        )

    def discrepancies(self, condition: str = "TRUE") -> list[dict[str, Any]]:
        """Make `discrepancy`, with what it reads that is not there yet, and return its rows in order."""
        self.write("expected")
        self.write("coverage_institution")
        make_verification(self)
        make_control_totals(self)
        make_interviews(self)
        for name in ("item_nonresponse", "age_heaping"):  # what a test needs of them it adds by hand: they take a while
            self.empty(name)
        make_discrepancies(self)
        return self.rows(f"SELECT * FROM discrepancy WHERE {condition} ORDER BY rank_no")

    def empty(self, table: str) -> None:
        """Make a table without rows unless it is there."""
        columns = ", ".join(f'"{column}" {spec.type}' for column, spec in TABLES[table].columns.items())
        self.con.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")

    def expected(self, institution_id: str = "A") -> dict[str, Any]:
        """Make `expected` and return the institution's row."""
        self.write("expected")
        return self.row(f"SELECT * FROM expected WHERE institution_id = '{institution_id}'")


@cache
def _empty_field() -> Path:
    """A database with the round, its reference data, the rules on names and empty tables; made once a process, copied by every field."""
    path = Path(EMPTY.name) / "field.duckdb"
    with duckdb.connect(path) as con:
        identifiers.register(con)
        register(con, ROUND, KNOWN)
        for name in EARLIER.split():
            columns = ", ".join(f'"{column}" {spec.type}' for column, spec in TABLES[name].columns.items())
            con.execute(f"CREATE TABLE {name} ({columns})")
    return path


def name_of(number: int) -> str:
    """Return a family name no other number has, in letters: digits are no part of a name."""
    return "Т" + "".join("ба ва га да за ка ла ма на па".split()[int(digit)] for digit in str(number)) + "ов"


def each_state() -> Iterator[str]:
    """Yield the seven states of a record."""
    yield from ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")
