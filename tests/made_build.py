"""A small finished build, put together by hand: what publish and reconcile read, without the steps before them.

Ten institutions of every tier, some forty persons each. Nothing here comes from the code under test; a column it does not name is NULL.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.schema import Column, Table, load_tables
from pipeline.settings import Settings

Rows = list[dict[str, Any]]
MADE = tempfile.TemporaryDirectory(prefix="made-builds-")

SITES = {
    "MNG-0001": ("BOARD_GIFT", "471010000", 60),
    "MNG-0002": ("BOARD_SPORT", "471010000", 50),
    "MNG-0003": ("BOARD_GIFT", "471010000", 40),
    "MNG-0004": ("ORPH", "471010000", 40),
    "MNG-0005": ("ORPH", "471810000", 40),
    "MNG-0006": ("BABY", "471010000", 30),
    "MNG-0007": ("INPAT", "471010000", 80),
    "MNG-0008": ("SOCSERV", "471810000", 70),
    "MNG-0009": ("TB", "471010000", 40),
    "MNG-0010": ("CRISIS", "471810000", 20),
}
BATCH = hashlib.sha256(b"bundle").hexdigest()
LATER_BATCH = hashlib.sha256(b"later bundle").hexdigest()
REGISTER_BATCH = hashlib.sha256(b"register").hexdigest()
AS_OF = datetime(2021, 10, 19, 21, 0, tzinfo=UTC)
LANDED_AT = datetime.fromisoformat("2021-10-01T00:00")  # naive UTC, as in the tables
SECRET_NAME = "Жұмабаеваның"
SECRET_ADDRESS = "Самал шағын ауданы, 17 үй"


@dataclass
class MadeBuild:
    """Options of the build, and the rows of its tables."""

    as_of: datetime = AS_OF
    persons_per_site: float = 1.0
    later_persons: int = 0
    code: str = "c0de"
    tables: dict[str, Rows] = field(default_factory=dict)

    @property
    def build_id(self) -> str:
        text = repr((self.as_of, self.persons_per_site, self.later_persons, self.code, sorted(self.tables.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def batches(self) -> list[str]:
        return [REGISTER_BATCH, BATCH, *([LATER_BATCH] if self.later_persons else [])]

    def write(self, lake_root: Path, settings: Settings) -> Path:
        """Write manifest and tables; return the build's folder. What no test names is written once and then copied."""
        schemas = load_tables(settings.reference / "questionnaire.yaml")
        master = Path(MADE.name) / f"{self.persons_per_site} {self.later_persons}"
        if not master.exists():
            empty = {name: [] for name, schema in schemas.items() if schema.step != "publish"}
            write_tables(master, {**empty, **_tables(self)}, schemas)
        folder = lake_root / "builds" / self.build_id
        shutil.copytree(master, folder)
        write_tables(folder, self.tables, schemas)
        inputs = {
            "batches": self.batches,
            "round": "r0",
            "reference": "f0",
            "decisions": "d0",
            "code": self.code,
            "lock": "l0",
            "id_key": "k0",
        }
        manifest = {"build_id": self.build_id, "as_of": self.as_of.isoformat(), "inputs": inputs}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder


def _persons(build: MadeBuild) -> Rows:
    rows: Rows = []
    for site, (_, _, count) in SITES.items():
        for number in range(int(count * build.persons_per_site)):
            rows.append(_person(BATCH, len(rows) + 1, site, number))
    for number in range(build.later_persons):
        rows.append(_person(LATER_BATCH, number + 1, list(SITES)[number % 7], 10_000 + number))
    return rows


def _person(batch: str, record_no: int, site: str, number: int) -> dict[str, Any]:
    record_id = f"{batch[:16]}-{record_no:07d}"
    day = datetime(2021, 9, 28, 6, tzinfo=UTC) + timedelta(days=number % 20)
    is_boarder = SITES[site][0].startswith("BOARD")
    return {
        "person_id": hashlib.sha256(f"{site} {number}".encode()).hexdigest()[:32],
        "founder_case_id": f"case-{site}-{number}",
        "survivor_record_id": record_id,
        "usual_institution_id": None if is_boarder else site,
        "present_institution_id": site,
        "basis": "present_only" if is_boarder else "usual_here",
        "sex": 1 + number % 2,
        "age_completed": number % 95,
        "birth_year": 2021 - number % 95,
        "mode": ("tablet", "tablet", "web_assisted", "web_self")[number % 4],
        "is_proxy": number % 5 == 0,
        "record_count": 1,
        "completed_at": day.replace(tzinfo=None),
        "received_at": (day + timedelta(days=1 + number % 6)).replace(tzinfo=None),
        "has_iin": number % 11 != 0,
        "on_list": number % 9 != 0,
    }


def _tables(build: MadeBuild) -> dict[str, Rows]:
    persons = _persons(build)
    states = [_state(person, "counted", None) for person in persons]
    held = [
        {**row, "record_id": f"{BATCH[:16]}-{900_000 + number:07d}", "case_id": f"held-{number}"}
        for number, row in enumerate(states[:6])
    ]
    states += [{**row, "state": "quarantined", "reason": "R-NO-PERSON", "person_id": None} for row in held]
    return {
        "institution": [_institution(site) for site in SITES],
        "person": persons,
        "person_record": [
            {"record_id": row["survivor_record_id"], "person_id": row["person_id"], "role": "survivor", "rule_id": None}
            for row in persons
        ],
        "person_field": [
            {
                "person_id": persons[1]["person_id"],
                "column_name": "ethnicity",
                "record_id": persons[2]["survivor_record_id"],
            },
        ],
        "person_alias": [
            {"case_id": row["founder_case_id"], "alias_person_id": row["person_id"], "person_id": row["person_id"]}
            for row in persons
        ],
        "record_state": states,
        "record": [_record(row, number) for number, row in enumerate(states)],
        "record_check": [_check(row, blanked=row is persons[3]) for row in persons],
        "identity": [{"record_id": row["survivor_record_id"], "usual_address_text": SECRET_ADDRESS} for row in persons],
        "answers": [_answers(row["survivor_record_id"], number) for number, row in enumerate(persons)],
        **_counts(build, persons, states),
        **_paper(persons),
    }


def _state(person: dict[str, Any], state: str, reason: str | None) -> dict[str, Any]:
    batch = BATCH if person["survivor_record_id"].startswith(BATCH[:16]) else LATER_BATCH
    return {
        "record_id": person["survivor_record_id"],
        "batch_id": batch,
        "route": "tablet_vpn",
        "received_at": person["received_at"],
        "institution_id": person["present_institution_id"],
        "state": state,
        "reason": reason,
        "case_id": person["founder_case_id"],
        "person_id": person["person_id"],
        "has_pending_version": False,
    }


def _record(state: dict[str, Any], number: int) -> dict[str, Any]:
    started = datetime.fromisoformat("2021-10-02T05:00") + timedelta(minutes=40 * number)
    names = ("record_id", "batch_id", "route", "received_at", "institution_id", "case_id")
    return {
        **{name: state[name] for name in names},
        "record_no": int(state["record_id"][-7:]),
        "case_version": 1,
        "mode": "tablet",
        "case_status": "submitted",
        "is_training": False,
        "staff_id": f"ST-{number % 7:04d}",
        "device_id": "TB-0001",
        "started_at": started,
        "completed_at": started + timedelta(minutes=20),
        "completed_offset_min": 300,
        "certificate_no": f"{number:07d}",
    }


def _check(person: dict[str, Any], *, blanked: bool) -> dict[str, Any]:
    columns = ["religion"] if blanked else []
    return {
        "record_id": person["survivor_record_id"],
        "rejects": [],
        "blanks": [],
        "blanked_columns": columns,
        "flags": [],
    }


def _answers(record_id: str, number: int) -> dict[str, Any]:
    return {
        "record_id": record_id,
        "ethnicity": ("KAZAKH", "RUSSIAN", SECRET_NAME)[number % 3],
        "religion": 1 + number % 7,
        "languages_known": ["KAZAKH", SECRET_NAME],
        "usual_address_kato": "471010000",
        "workplace_kato": "471010000",
        "stay_from_on": date(2015, 3, 17),
        "citizenship_country": "KZ",
        "wg_seeing": 1 + number % 4,
    }


def _institution(site: str) -> dict[str, Any]:
    category, kato, count = SITES[site]
    return {
        "institution_id": site,
        "bin": "990940003030",
        "site_no": int(site[-2:]),
        "name_kk": f"{category} мекемесі",
        "name_ru": f"Учреждение {category}",
        "category_code": category,
        "kato": kato,
        "capacity": count + 10,
        "governing_order": "141/17",
        "head_order_no": "12",
        "head_order_on": date(2021, 6, 20),
        "is_web_only": False,
        "closed_on": None,
        "batch_id": REGISTER_BATCH,
    }


def _counts(build: MadeBuild, persons: Rows, states: Rows) -> dict[str, Rows]:
    batches: Rows = [
        {
            "batch_id": REGISTER_BATCH,
            "route": "register",
            "source_id": "department",
            "record_count": 10,
            "declared_count": None,
        }
    ]
    ledger: Rows = []
    for batch in build.batches[1:]:
        own = [row for row in states if row["batch_id"] == batch]
        batches.append(
            {
                "batch_id": batch,
                "route": "tablet_vpn",
                "source_id": "TB-0001",
                "device_id": "TB-0001",
                "record_count": len(own),
                "declared_count": len(own) + 3,
            }
        )
        ledger += [_ledger_line(batch, site, own) for site in SITES]
    moment = LANDED_AT
    return {
        "batch": [{**row, "received_at": moment, "custody_employee_id": None} for row in batches],
        "ledger": ledger,
        "intake_record": [{"record_id": f"{REGISTER_BATCH[:16]}-{n:07d}", "batch_id": REGISTER_BATCH, "file_no": 1, "state": "in_force"} for n in range(1, 11)],
        "intake": [
            {"route": "register", "institution_id": "UNKNOWN", "batch_id": REGISTER_BATCH, "received_at": moment, "received_count": 10, "in_force_count": 10}
            | dict.fromkeys(("replaced_count", "repeated_count", "quarantined_count", "unreadable_count"), 0)
        ],
        "coverage_institution": [_coverage(site, persons) for site in SITES],
        "coverage_daily": _daily(persons),
        "coverage_forecast": [{"district_kato": "ALL", "status": "unknown_pace", "last_on": date(2021, 10, 30), "days_left": 11, "counted_count": 0, "week_count": 0, "day_count": 0}],
        "expected": [_expected(site) for site in SITES],
        "control_total": [
            {"control_id": "a1", "control_code": "TABLET_COUNTER", "subject_kind": "tablet", "subject_id": "TB-0001", "institution_id": "MNG-0001",
             "declared_count": 10, "received_count": 7, "gap_count": 3, "since_at": AS_OF.replace(tzinfo=None) - timedelta(hours=30)}
        ],
        "discrepancy": [_discrepancy(number, site) for number, site in enumerate(SITES, start=1)],
    }  # fmt: skip


def _ledger_line(batch: str, site: str, states: Rows) -> dict[str, Any]:
    own = [row["state"] for row in states if row["institution_id"] == site]
    names = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")
    counts = {f"{name}_count": own.count(name) for name in names}
    line = {"route": "tablet_vpn", "institution_id": site, "batch_id": batch, "received_at": LANDED_AT}
    return {**line, "received_count": len(own), **counts}


def _coverage(site: str, persons: Rows) -> dict[str, Any]:
    category, kato, count = SITES[site]
    own = [person for person in persons if person["present_institution_id"] == site]
    is_boarding = category.startswith("BOARD")
    return {
        "institution_id": site,
        "category_code": category,
        "tier": TIERS[category],
        "publication_group": GROUPS[category],
        "district_kato": kato,
        "capacity": count + 10,
        "is_web_only": False,
        "is_active": True,
        "is_due": True,
        "is_complete": site != "MNG-0007",
        "is_zero_return": False,
        "grade": "MISSING" if site == "MNG-0010" else "PROVISIONAL" if site == "MNG-0008" else "FIRM",
        "expected_present_count": None if site == "MNG-0010" else count + 2,
        "expected_usual_count": None if site == "MNG-0010" else 0 if is_boarding else count + 2,
        "present_count": len(own),
        "usual_count": 0 if is_boarding else len(own),
        "person_count": len(own),
        "no_outcome_count": 2,
        "list_count": count + 1,
        "unresolved_count": 0,
        "proxy_count": sum(person["is_proxy"] for person in own),
        "quarantined_count": 0,
        "record_count": len(own),
    }


TIERS = {
    "BOARD_GIFT": "S0",
    "BOARD_SPORT": "S0",
    "ORPH": "S2",
    "BABY": "S2",
    "INPAT": "S2",
    "SOCSERV": "S2",
    "TB": "S3",
    "CRISIS": "S3",
}
GROUPS = {
    **dict.fromkeys(("BOARD_GIFT", "BOARD_SPORT"), "BOARDING_EDUCATION"),
    **dict.fromkeys(("ORPH", "BABY"), "CHILDREN_WITHOUT_CARE"),
    **dict.fromkeys(("INPAT", "SOCSERV", "TB", "CRISIS"), "SOCIAL_AND_HEALTH"),
}


def _expected(site: str) -> dict[str, Any]:
    count = SITES[site][2]
    known = None if site == "MNG-0010" else count + 2
    return {
        "institution_id": site,
        "list_count": count + 1,
        "departed_count": 5,
        "died_count": 1,
        "arrived_count": 7,
        "born_count": 0,
        "leave_count": 1,
        "expected_present_count": known,
        "expected_usual_count": known,
        "headcount_present_count": known,
        "grade": "MISSING" if known is None else "FIRM",
        "reason": "NO_SOURCE" if known is None else "AGREE",
    }


def _daily(persons: Rows) -> Rows:
    days = sorted({person[name].date() for person in persons for name in ("completed_at", "received_at")})
    return [
        {
            "day_on": day,
            "interviewed_count": sum(person["completed_at"].date() == day for person in persons),
            "received_count": sum(person["received_at"].date() == day for person in persons),
        }
        for day in days
    ]


def _discrepancy(number: int, site: str) -> dict[str, Any]:
    kind = ("COUNT_SHORT", "TABLET_SILENT", "EXPECTED_NOT_FIRM")[number % 3]
    is_tablet = kind == "TABLET_SILENT"
    return {
        "discrepancy_id": f"d{number}",
        "kind": kind,
        "severity": "red" if number < 4 else "amber",
        "institution_id": site,
        "subject_kind": "tablet" if is_tablet else "institution",
        "subject_id": f"TB-{number:04d}" if is_tablet else site,
        "owner": "HEAD" if number < 6 else "DEPARTMENT",
        "due_on": date(2021, 10, 22),
        "person_count": 40 - number,
        "measured": 3,
        "allowed": 2,
        "unit": "persons",
        "age_hours": 70 + number,
        "rank_no": number,
        "message_kk": f"Күтілгеннен {number} адамға алшақ.",
        "message_ru": f"Учтено на {number} человек меньше ожидаемого.",
        "message_en": f"Counted {number} persons fewer than expected.",
        "todo_kk": "Басшыдан сұраңыз.",
        "todo_ru": "Спросите руководителя.",
        "todo_en": "Ask the head, then `sanaq review`.",
    }


def _paper(persons: Rows) -> dict[str, Rows]:
    return {
        "list": [{"list_id": "L1", "institution_id": "MNG-0004", "list_as_of_on": date(2021, 6, 1), "declared_total": 2, "entry_count": 2}],
        "list_diff": [{"institution_id": "MNG-0004", "version_no": 1, "list_id": "L1", "added_count": 2}],
        "list_entry": [
            {"entry_id": f"e{n}", "list_id": "L1", "institution_id": "MNG-0004", "entry_no": n, "ward": SECRET_NAME, "sex": 1, "has_iin": True,
             "admitted_on": date(2019, 1, 1)} for n in (1, 2)
        ],
        "list_match": [
            {"match_id": "m1", "institution_id": "MNG-0004", "entry_id": "e1", "person_id": persons[-1]["person_id"], "outcome": "FOUND"},
            {"match_id": "m2", "institution_id": "MNG-0004", "entry_id": "e2", "person_id": None, "outcome": None},
        ],
        "forwarded": [
            {"record_id": persons[0]["survivor_record_id"], "institution_id": "MNG-0001", "category_code": "BOARD_GIFT", "reason": "BOARDER_HOME",
             "destination_kato": "471810000", "basis": None, "person_id": persons[0]["person_id"]}
        ],
        "household": [],
        "review_pair": [{"left_record_id": "a", "right_record_id": "b", "reason": "E", "score": 80}],
        "staff": [{"staff_id": f"ST-{n:04d}", "institution_id": "MNG-0001", "order_no": "12", "order_on": date(2021, 6, 20)} for n in range(7)],
        "device": [{"device_id": "TB-0001", "institution_id": "MNG-0001", "issued_on": date(2021, 9, 25), "returned_on": None}],
        "medium": [{"medium_id": "USB-001", "employee_id": "DEP-01", "act_no": "1", "wiped_on": None}],
    }  # fmt: skip


def write_tables(folder: Path, tables: dict[str, Rows], schemas: Mapping[str, Table]) -> None:
    """Write tables of a build, rows under their schemas' columns and types."""
    with duckdb.connect(config={"threads": 1}) as con:
        for table, rows in tables.items():
            schema = schemas[table]
            names = {name: None for row in rows for name in row}
            con.register(
                "made",
                pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]) if rows else NOTHING,
            )
            columns = ", ".join(
                f'CAST({name if name in names else _filling(column)} AS {column.type}) AS "{name}"'
                for name, column in schema.columns.items()
            )
            path = folder / schema.step / f"{table}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"COPY (SELECT {columns} FROM made ORDER BY ALL) TO '{path}' (FORMAT parquet)")


def _filling(column: Column) -> str:
    """Return something where the schema wants something and the test does not care what."""
    if not column.required:
        return "NULL"
    given = {
        "VARCHAR": "'none'",
        "VARCHAR[]": "[]",
        "BOOLEAN": "FALSE",
        "TIMESTAMP": "TIMESTAMP '2021-10-01'",
        "DATE": "DATE '2021-10-01'",
    }
    return given.get(column.type, "0")


NOTHING = pa.table({name: pa.array([], pa.string()) for name in ("record_id", "institution_id", "reason")})
