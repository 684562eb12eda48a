"""A build that knows the truth, to measure the measure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SIZE = {"seed": 11, "institutions": 24, "people": 900}


def digest(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a folder."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def rows(path: Path) -> list[dict[str, Any]]:
    """Return a Parquet file as dictionaries."""
    return pq.read_table(path).to_pylist()


def _write(build: Path, name: str, table: list[dict[str, Any]]) -> None:
    path = build / ("read" if name == "record" else "resolve") / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(table), path)


def perfect_build(truth: Path, build: Path) -> dict[str, list[dict[str, Any]]]:
    """Write the build a pipeline without fault would make, and return its tables."""
    records = rows(truth / "records.parquet")
    people = {p["person_key"]: p for p in rows(truth / "persons.parquet")}
    record, state, members = [], [], []
    places: dict[str, set[str]] = defaultdict(set)
    survivor: dict[str, str] = {}
    for number, row in enumerate(records):
        record_id = f"R{number:06d}"
        record.append(
            {
                "record_id": record_id,
                "route": row["route"],
                "bytes_sha256": row["bytes_sha256"],
                "received_at": row["arrives_at"],
                "batch_id": row["delivery"],
                "record_no": row["record_no"],
            }
        )
        in_play = row["state"] in {"counted", "duplicate"}
        state.append(
            {
                "record_id": record_id,
                "state": row["state"],
                "reason": row["reason"],
                "person_id": row["person_key"] if in_play else None,
            }
        )
        if in_play:
            members.append(
                {
                    "record_id": record_id,
                    "person_id": row["person_key"],
                    "role": "SURVIVOR" if row["state"] == "counted" else "DUPLICATE",
                }
            )
            places[row["person_key"]].add(row["filled_at_institution_id"])
        if row["state"] == "counted":
            survivor[row["person_key"]] = record_id

    def at(key: str, place: str) -> str | None:
        where = people[key][place]
        return where if where in places[key] else None

    persons = [
        {
            "person_id": key,
            "survivor_record_id": record_id,
            "usual_institution_id": at(key, "usual_institution_id"),
            "present_institution_id": at(key, "present_institution_id"),
            "basis": "usual_here",
        }
        for key, record_id in survivor.items()
    ]
    tables = {
        "record": record,
        "record_state": state,
        "person": persons,
        "person_record": members,
        "review_pair": [{"pair_id": "one"}],
    }
    for name, table in tables.items():
        _write(build, name, table)
    return tables


def rewrite(build: Path, name: str, table: list[dict[str, Any]]) -> None:
    """Replace one table of a build."""
    _write(build, name, table)
