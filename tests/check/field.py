"""A field small enough to hold in one's head: one institution of each kind, one clerk, one tablet, records that are sound unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from pipeline import identifiers
from pipeline.round import Reference, Round, load_reference, load_round, register
from pipeline.schema import load_tables

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "data" / "reference"
TABLES = (
    "record",
    "identity",
    "answers",
    "institution",
    "staff",
    "device",
    "device_before",
    "certificate",
    "certificate_return",
    "batch",
)

# A woman of 40 in a psychoneurological home, interviewed on a tablet on 3 October 2021 in Aktau, by day.
SOUND: dict[str, Any] = {
    "batch_id": "b1",
    "record_no": 1,
    "route": "tablet_vpn",
    "received_at": "2021-10-04 05:00:00",
    "file_no": 1,
    "byte_offset": 0,
    "byte_length": 1,
    "bytes_sha256": "00",
    "answers_sha256": "00",
    "case_id": "c-1",
    "case_version": 1,
    "form_code": "F3_PERSON",
    "form_version": "2021.1",
    "institution_id": "PSY-1",
    "mode": "tablet",
    "case_status": "submitted",
    "is_training": False,
    "staff_id": "clerk",
    "device_id": "tablet",
    "device_case_no": 1,
    "started_at": "2021-10-03 05:00:00",
    "completed_at": "2021-10-03 05:20:00",
    "synced_at": "2021-10-03 16:00:00",
    "started_offset_min": 300,
    "completed_offset_min": 300,
    "synced_offset_min": 300,
    "mistyped": [],
    "unknown_key_count": 0,
    "iin_missing_reason": "NOT_ISSUED",
    "family_name": "Сапарова",
    "given_name": "Айгүл",
    "sex": 2,
    "birth_on": "1981-03-05",
    "birth_date_precision": "DAY",
    "citizenship": 1,
    "position_in_institution": "RESIDENT",
    "is_proxy": False,
}
CATEGORIES = ("PSY", "BABY", "ORPH", "BOARD_GIFT", "CRISIS", "TB", "SOCSERV")


@cache
def facts() -> tuple[Round, Reference]:
    """Return the round and its reference data, read once."""
    return load_round(ROOT / "data" / "rounds" / "kz-2021-mangystau.yaml"), load_reference(REFERENCE)


def connect() -> duckdb.DuckDBPyConnection:
    """Return a database with the round, its reference data, the macros and empty tables as their schemas declare them."""
    con = duckdb.connect(config={"threads": 2})
    con.execute("SET TimeZone = 'UTC'")
    identifiers.register(con)
    register(con, *facts())
    schemas = load_tables(REFERENCE / "questionnaire.yaml")
    for table in TABLES:
        columns = ", ".join(f'"{name}" {column.type}' for name, column in schemas[table].columns.items())
        con.execute(f"CREATE TABLE {table} ({columns})")
    _add_register(con)
    return con


def add(con: duckdb.DuckDBPyConnection, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Add sound records under the ids given, each with the differences given."""
    for record_id, differences in records.items():
        row = {**SOUND, "record_id": record_id, **differences}
        unknown = set(row)
        for table in ("record", "identity", "answers"):
            columns = [name for (name,) in con.execute(f"SELECT column_name FROM (DESCRIBE {table})").fetchall()]
            insert(con, table, [{name: row[name] for name in columns if name in row}])
            unknown -= set(columns)
        assert not unknown, f"no such column: {unknown}"


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows by column name."""
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        con.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def _add_register(con: duckdb.DuckDBPyConnection) -> None:
    insert(
        con,
        "institution",
        [
            *({"institution_id": f"{code}-1", "category_code": code, "is_web_only": False} for code in CATEGORIES),
            {"institution_id": "ONLINE", "category_code": "PSY", "is_web_only": True},
            {"institution_id": "CLOSED", "category_code": "PSY", "is_web_only": False, "closed_on": "2021-07-01"},
        ],
    )
    appointed = {"institution_id": "PSY-1", "order_no": "7", "order_on": "2021-08-01", "trained_on": "2021-08-20"}
    insert(
        con,
        "staff",
        [
            {"staff_id": "clerk", **appointed},
            {"staff_id": "no_order", **appointed, "order_no": None},
            {"staff_id": "late_order", **appointed, "order_on": "2021-10-04"},
            {"staff_id": "elsewhere", **appointed, "institution_id": "TB-1"},
            {"staff_id": "untrained", **appointed, "trained_on": None},
            {"staff_id": "late_seminar", **appointed, "trained_on": "2021-10-04"},
            {"staff_id": "of_safe_house", **appointed, "institution_id": "CRISIS-1"},
        ],
    )
    issued = {"institution_id": "PSY-1", "issued_on": "2021-09-28", "form_version": "2021.1"}
    insert(
        con,
        "device",
        [
            {"device_id": "tablet", **issued},
            {"device_id": "late_tablet", **issued, "issued_on": "2021-10-04"},
            {"device_id": "undated_tablet", **issued, "issued_on": None},
            {"device_id": "safe_tablet", **issued, "institution_id": "CRISIS-1"},
            {"device_id": "returned_tablet", **issued, "returned_on": "2021-10-02"},
            {"device_id": "their_tablet", **issued, "institution_id": "TB-1"},
            {"device_id": "old_tablet", **issued, "form_version": "2020.9"},
            {"device_id": "lost_tablet", **issued, "lost_on": "2021-10-10"},
            {"device_id": "handed_on", **issued, "issued_on": "2021-10-04", "institution_id": "TB-1"},
        ],
    )
    insert(con, "device_before", [{"device_id": "handed_on", "acts_since": 1, **issued, "returned_on": "2021-10-04"}])
    exports = {
        "lost": ("lost_tablet", "2021-10-10 19:30:00"),  # after midnight in Aktau
        "lost_that_day": ("lost_tablet", "2021-10-10 18:30:00"),
        "lost_undated": ("lost_tablet", None),
        "returned": ("returned_tablet", "2021-10-03 10:00:00"),
        "returned_that_day": ("returned_tablet", "2021-10-02 10:00:00"),
        "stray": ("stray", "2021-12-01 10:00:00"),
        "theirs": ("their_tablet", "2021-10-04 10:00:00"),
    }
    insert(
        con,
        "batch",
        [
            {"batch_id": name, "device_id": device, "sent_at": sent, "received_at": "2021-11-01 00:00:00"}
            for name, (device, sent) in exports.items()
        ],
    )
    handed_out = {"staff_id": "clerk", "issued_on": "2021-09-01", "batch_id": "r"}
    insert(
        con,
        "certificate",
        [
            {"first_no": 1, "last_no": 50, **handed_out},
            {"first_no": 51, "last_no": 60, **handed_out, "issued_on": "2021-10-04"},
            {"first_no": 101, "last_no": 150, **handed_out, "staff_id": "elsewhere"},
            {"first_no": 151, "last_no": 160, **handed_out, "issued_on": None},
        ],
    )
    spoiled = {"staff_id": "clerk", "reason_code": "SPOILED", "batch_id": "r"}
    insert(con, "certificate_return", [{"first_no": 7, "last_no": 8, **spoiled}])
