"""A tiny field for the tests of resolve: what was read and checked, made by hand, and the answers of the step."""

from __future__ import annotations

import hashlib
import itertools
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import resolve
from pipeline.lake import Lake, append_line
from pipeline.round import Reference, Round, load_reference, load_round
from pipeline.schema import load_tables
from pipeline.settings import Settings, load_settings
from pipeline.sql import Workbench

Row = dict[str, Any]
TYPES = {
    "VARCHAR": pa.string(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "SMALLINT": pa.int16(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"), "VARCHAR[]": pa.list_(pa.string()),
}  # fmt: skip
READ = (
    "batch", "record", "identity", "answers", "institution", "staff", "staff_identity", "device", "device_before", "list", "list_entry", "list_identity",
    "movement", "movement_identity", "verification_source", "verification_person", "verification_identity", "intake_record",
)  # fmt: skip
SITES = {
    "CARE": "SOCSERV", "ORPHANS": "ORPH", "HOSPITAL": "INPAT", "HOSPITAL-2": "INPAT", "SCHOOL": "BOARD_GIFT", "SHELTER": "HOMELESS",
    "PATROL": "HOMELESS_PATROL", "CRISIS": "CRISIS", "BABIES": "BABY", "MISTYPED": "TUB",
}  # fmt: skip


def utc(*parts: int) -> datetime:
    """Return a moment in UTC as the tables keep it: without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


OPENING = utc(2021, 10, 20, 12)


FAMILIES = "Сулейменов Ковалёв Тлеуов Ким Жұмабаев Петренко Есенов Нуртазин Бекмурзин Юсупов Цой Оразалин".split()
GIVEN = "Арман Борис Ғалым Виктор Дидар Евгений Жандос Илья Қайрат Олег Рустам Фёдор".split()


def stranger(number: int) -> Row:
    """Return name and birth date of somebody who is not to be taken for a stranger of another number."""
    family, given = FAMILIES[number % 12], GIVEN[(number + number // 12) % 12]
    return {
        "family": family,
        "given": given,
        "birth_on": date(1935 + 2 * number, 1 + 5 * number % 12, 3 + 7 * number % 25),
    }


def sound(base: str) -> str:
    """Complete eleven digits to an IIN with its check digit."""
    digits = [int(d) for d in base]
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        rest = sum(d * w for d, w in zip(digits, weights, strict=True)) % 11
        if rest < 10:
            return base + str(rest)
    raise ValueError("a number that is never issued")


@cache
def _given_at(round_path: Path, reference_path: Path) -> tuple[Round, Reference]:
    return load_round(round_path), load_reference(reference_path)


def _given(settings: Settings) -> tuple[Round, Reference]:
    return _given_at(settings.round, settings.reference)


class Field:
    """Collects rows; `resolve` runs the step on them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {name: [] for name in (*READ, "record_check")}
        self.decisions: list[Row] = []
        self.verdicts: list[Row] = []
        self.counter = itertools.count(1)
        for site, category in SITES.items():
            self.rows["institution"].append({"institution_id": site, "category_code": category, "kato": "471010000"})
        for site in SITES:
            self.rows["staff"].append({"staff_id": f"ST-{site}", "institution_id": site})
            self.rows["device"].append({"device_id": f"TB-{site}", "institution_id": site})

    def batch(self, at: datetime, route: str = "tablet_vpn", **columns: Any) -> str:
        """Receive a batch and return its id."""
        batch_id = hashlib.sha256(f"{at}{route}{next(self.counter)}".encode()).hexdigest()
        self.rows["batch"].append({"batch_id": batch_id, "route": route, "received_at": at, **columns})
        return batch_id

    def record(
        self,
        case: str,
        family: str | None = "Ахметов",
        given: str | None = "Нұрлан",
        site: str = "CARE",
        **given_columns: Any,
    ) -> str:
        """Receive one record in a batch of its own, an hour after the one before; return its id.

        Columns of record, identity and answers go by their names; `rejects` and `blanked` are the verdict of the checks.
        """
        number = next(self.counter)
        columns: Row = {
            "case_version": 1, "form_code": "F3_PERSON", "mode": "tablet", "case_status": "submitted", "is_training": False,
            "staff_id": f"ST-{site}", "device_id": f"TB-{site}", "started_at": utc(2021, 10, 5, 9), "completed_at": utc(2021, 10, 5, 9, 20),
            "received_at": OPENING + timedelta(hours=number), "route": "tablet_vpn", "patronymic": "Серікұлы", "sex": 1,
            "birth_on": date(1950, 5, 17), "birth_date_precision": "DAY", "residence_status": "USUAL_PRESENT", "stay_duration": "GE12M",
            "stay_from_on": date(2015, 3, 1), "position_in_institution": "RESIDENT", "is_proxy": False, "citizenship": 1,
        }  # fmt: skip
        columns.update(
            given_columns,
            case_id=case,
            institution_id=given_columns.get("institution_id", site),
            family_name=family,
            given_name=given,
        )
        batch_id = columns.get("batch_id") or self.batch(columns["received_at"], columns["route"])
        record_id = f"{batch_id[:16]}-{number:07d}"
        columns.update(
            record_id=record_id,
            batch_id=batch_id,
            record_no=number,
            bytes_sha256=hashlib.sha256(record_id.encode()).hexdigest(),
        )
        columns.setdefault("answers_sha256", hashlib.sha256(record_id.encode()).hexdigest())
        self.rows["record"].append(columns)
        if columns.get("read_error") is None:
            self.rows["identity"].append(columns)
            self.rows["answers"].append(columns)
            self.rows["record_check"].append(
                {"record_id": record_id, "rejects": columns.get("rejects", []), "blanks": [], "flags": [], "blanked_columns": columns.get("blanked", [])}
            )  # fmt: skip
        return record_id

    def patient(self, case: str, **columns: Any) -> str:
        """Receive a record of somebody treated in a hospital, with a home in the city."""
        stay = {
            "residence_status": "TEMP_PRESENT",
            "stay_duration": "LT1M",
            "stay_from_on": date(2021, 8, 25),
            "has_other_home": True,
        }
        return self.record(case, **{"site": "HOSPITAL", "usual_address_kato": "471010000", **stay, **columns})

    def list(self, site: str) -> None:
        """Hand over a stage-1 list of the site."""
        self.rows["list"].append({"list_id": f"L-{site}", "institution_id": site, "list_as_of_on": date(2021, 6, 1)})

    def entry(
        self, no: int, family: str | None = "Ахметов", given: str | None = "Нұрлан", site: str = "CARE", **columns: Any
    ) -> str:
        """Write an entry on the list of the site; the list is handed over with its first entry."""
        if not any(row["institution_id"] == site for row in self.rows["list"]):
            self.list(site)
        entry_id = f"E-{site}-{no:04d}"
        row = {
            "entry_id": entry_id, "list_id": f"L-{site}", "institution_id": site, "entry_no": no, "family_name": family, "given_name": given,
            "patronymic": "Серікұлы", "sex": 1, "birth_on": date(1950, 5, 17), "birth_date_precision": "DAY", "admitted_on": date(2015, 3, 1), **columns,
        }  # fmt: skip
        row["has_iin"] = row.get("iin") is not None
        self.rows["list_entry"].append(row)
        self.rows["list_identity"].append(row)
        return entry_id

    def movement(
        self,
        kind: str,
        on: date,
        family: str | None = "Ахметов",
        given: str | None = "Нұрлан",
        site: str = "CARE",
        **columns: Any,
    ) -> None:
        """Write a line in the admission book of the site; `at` is the moment in UTC."""
        number = next(self.counter)
        row = {
            "movement_id": f"M-{number:06d}", "institution_id": site, "movement_no": str(number), "movement_type": kind, "occurred_on": on,
            "occurred_at": columns.pop("at", None), "family_name": family, "given_name": given, "patronymic": "Серікұлы", "sex": 1,
            "birth_on": date(1950, 5, 17), **columns,
        }  # fmt: skip
        self.rows["movement"].append(row)
        self.rows["movement_identity"].append(row)

    def source(self, kind: str = "SECOND_SOURCE", site: str | None = "CARE") -> str:
        """Hand in a verification source and return its id."""
        source_id = f"V-{next(self.counter):06d}"
        self.rows["verification_source"].append({"source_id": source_id, "source_kind": kind, "institution_id": site})
        return source_id

    def named(
        self, source_id: str, family: str | None = "Ахметов", given: str | None = "Нұрлан", **columns: Any
    ) -> str:
        """Write somebody into a verification source and return the id of the row."""
        row = {
            "verification_id": f"{source_id}-{next(self.counter):06d}", "source_id": source_id, "finding": "PRESENT", "family_name": family,
            "given_name": given, "patronymic": "Серікұлы", "sex": 1, "birth_on": date(1950, 5, 17), **columns,
        }  # fmt: skip
        self.rows["verification_person"].append(row)
        self.rows["verification_identity"].append(row)
        return str(row["verification_id"])

    def decide(
        self, record_id: str, action: str, at: datetime = datetime(2021, 11, 1, tzinfo=UTC), by: str | None = "DEP-01"
    ) -> None:
        """Record a decision about a record in quarantine."""
        row = {"record_id": record_id, "action": action, "decided_at": at.isoformat(), "decided_by": by}
        self.decisions.append(row)

    def say(
        self, one: str, other: str, verdict: str, by: str = "DEP-01", at: datetime = datetime(2021, 11, 1, tzinfo=UTC)
    ) -> None:
        """Record what a person says about a pair of cases."""
        left, right = sorted((one, other))
        row = {
            "left_case_id": left,
            "right_case_id": right,
            "verdict": verdict,
            "decided_at": at.isoformat(),
            "decided_by": by,
        }
        self.verdicts.append(row)

    def resolve(self, folder: Path, threads: int = 1, as_of: datetime = datetime(2021, 12, 20, tzinfo=UTC)) -> Outcome:
        """Run the step and return what it made."""
        shutil.rmtree(folder, ignore_errors=True)
        settings = load_settings(lake=folder / "lake", threads=threads)
        round_, reference = _given(settings)
        lake = Lake(settings.lake)
        for row in self.decisions:
            append_line(lake.decisions / "quarantine.jsonl", row)
        for row in self.verdicts:
            append_line(lake.decisions / "review.jsonl", row)
        schemas = load_tables(settings.reference / "questionnaire.yaml")
        for name, rows in self.rows.items():
            columns = {name: TYPES[column.type] for name, column in schemas[name].columns.items()}
            step = folder / "build" / ("check" if name == "record_check" else "read")
            step.mkdir(parents=True, exist_ok=True)
            table = pa.Table.from_pylist(
                [{c: row.get(c) for c in columns} for row in rows], schema=pa.schema(list(columns.items()))
            )
            pq.write_table(table, step / f"{name}.parquet")
        bench = Workbench(
            folder / "build", "resolve", lake=lake, settings=settings, round_=round_, reference=reference, batches=[], as_of=as_of,
        )  # fmt: skip
        resolve.prepare(bench)
        return Outcome(bench)


class Outcome:
    """The tables of the step, by question; one is made when it is first asked for."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.step_dir = bench.step_dir
        self.left = list(resolve.OUTCOME)

    def write(self, names: Iterable[str] = resolve.OUTCOME) -> None:
        """Make those of some tables that are not there yet."""
        asked = [each for each in self.left if each in names]
        self.bench.side_by_side(Workbench.write, asked)
        self.left = [each for each in self.left if each not in asked]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        self.write(set(re.findall(r"\w+", query)))
        return self.bench.con.execute(query).fetchall()

    def states(self, case: str) -> list[str]:
        """States of the records of a case, in order of receipt."""
        return [
            row[0]
            for row in self.rows(
                f"SELECT state FROM record_state WHERE case_id = '{case}' ORDER BY received_at, record_id"
            )
        ]

    def state(self, case: str) -> str:
        """The state of a case's only record."""
        (state,) = self.states(case)
        return state

    def reason(self, case: str) -> str | None:
        """Why the newest record of a case is where it is."""
        reason: str | None = self.rows(
            f"SELECT reason FROM record_state WHERE case_id = '{case}' ORDER BY received_at DESC, record_id DESC"
        )[0][0]
        return reason

    def person_id(self, case: str) -> str:
        """The person a case belongs to."""
        person: str = self.rows(f"SELECT person_id FROM person_alias WHERE case_id = '{case}'")[0][0]
        return person

    def person(self, case: str) -> Row:
        """The counted person a case belongs to."""
        columns = [row[0] for row in self.rows("DESCRIBE person")]
        (row,) = self.rows(f"SELECT * FROM person WHERE person_id = '{self.person_id(case)}'")
        return dict(zip(columns, row, strict=True))

    def are_one(self, *cases: str) -> bool:
        """Whether all these cases are one person."""
        return len({self.person_id(case) for case in cases}) == 1

    def are_apart(self, *cases: str) -> bool:
        """Whether no two of these cases are one person."""
        return len({self.person_id(case) for case in cases}) == len(cases)

    def tier(self, case: str) -> str | None:
        """The evidence that joined a case to others."""
        tier: str | None = self.rows(f"SELECT tier FROM respondent WHERE case_id = '{case}'")[0][0]
        return tier

    def outcome(self, entry_id: str) -> str:
        """What became of a list entry."""
        (row,) = self.rows(f"SELECT outcome FROM list_match WHERE entry_id = '{entry_id}'")
        return str(row[0])

    def verified(self, verification_id: str) -> str:
        """What became of somebody a verification source names."""
        (row,) = self.rows(f"SELECT outcome FROM verification_match WHERE verification_id = '{verification_id}'")
        return str(row[0])

    def off_list(self, case: str) -> list[str]:
        """Why the person of a case is not on the lists of the places."""
        found = self.rows(
            f"SELECT outcome FROM list_match WHERE entry_id IS NULL AND person_id = '{self.person_id(case)}' ORDER BY match_id"
        )
        return [row[0] for row in found]

    def forwarded(self, case: str) -> Row | None:
        """What another office is told about a case."""
        columns = ("reason", "destination_kato", "basis")
        found = self.rows(
            f"SELECT {', '.join(columns)} FROM forwarded JOIN respondent USING (record_id) WHERE case_id = '{case}'"
        )
        return dict(zip(columns, found[0], strict=True)) if found else None

    def reviews(self) -> list[str]:
        """Why pairs wait for a human."""
        return [row[0] for row in self.rows("SELECT reason FROM review_pair ORDER BY ALL")]

    def digest(self) -> dict[str, str]:
        """Hash of every file the step writes."""
        self.write()
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(self.step_dir.glob("*.parquet"))
        }


def balanced(outcome: Outcome, records: Iterable[str]) -> bool:
    """Whether every record has exactly one state."""
    return sorted(records) == [row[0] for row in outcome.rows("SELECT record_id FROM record_state ORDER BY record_id")]
