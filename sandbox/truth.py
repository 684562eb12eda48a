"""What the ledger should say about every record, and where every person truly was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.lists import ListRow
from sandbox.people import Person
from sandbox.transport import Record

Verdict = tuple[str, str | None]


def settle(records: Sequence[Record]) -> list[Verdict]:
    """Return state and reason of every record, given that these and no others have arrived.

    Parameters
    ----------
    records
        Records in order of arrival.
    """
    verdicts: list[Verdict | None] = [None] * len(records)
    contents: set[tuple[str, str]] = set()
    versions: set[tuple[str, int]] = set()
    newest: dict[str, int] = {}
    for i, record in enumerate(records):
        verdicts[i] = _first_look(record, contents, versions)
        if verdicts[i] is None and record.case_id is not None:
            newest[record.case_id] = max(newest.get(record.case_id, 0), record.case_version or 0)
    persons: set[str] = set()
    return [verdict or _second_look(record, newest, persons) for record, verdict in zip(records, verdicts, strict=True)]


def _first_look(record: Record, contents: set[tuple[str, str]], versions: set[tuple[str, int]]) -> Verdict | None:
    """Unreadable, repeated or quarantined; None where the record is in play."""
    if not record.is_readable:
        return "unreadable", "DAMAGED"
    content = (record.case_id or "", record.content_key or "")
    if content in contents:
        return "repeated", "SAME_ANSWERS"
    contents.add(content)
    if record.hold_reason:
        return "quarantined", record.hold_reason
    version = (record.case_id or "", record.case_version or 0)
    if version in versions:
        return "quarantined", "VERSION_CONFLICT"
    versions.add(version)
    return None


def _second_look(record: Record, newest: dict[str, int], persons: set[str]) -> Verdict:
    """Superseded, out of scope, duplicate or counted."""
    if (record.case_version or 0) < newest.get(record.case_id or "", 0):
        return "superseded", "NEWER_VERSION"
    if record.scope_reason:
        return "out_of_scope", record.scope_reason
    if record.person_key is None or record.person_key in persons:
        return "duplicate", "SAME_PERSON"
    persons.add(record.person_key)
    return "counted", None


RECORDS = pa.schema(
    [("route", pa.string()), ("delivery", pa.string()), ("record_no", pa.int32()), ("bytes_sha256", pa.string()),
     ("arrives_at", pa.timestamp("us", tz="UTC")), ("is_readable", pa.bool_()), ("case_id", pa.string()), ("case_version", pa.int32()),
     ("institution_id", pa.string()), ("filled_at_institution_id", pa.string()), ("person_key", pa.string()), ("content_key", pa.string()),
     ("hold_reason", pa.string()), ("scope_reason", pa.string()), ("mode", pa.string()), ("state", pa.string()), ("reason", pa.string())]
)  # fmt: skip
PERSONS = pa.schema(
    [("person_key", pa.string()), ("kind", pa.string()), ("category_code", pa.string()), ("institution_id", pa.string()),
     ("usual_institution_id", pa.string()), ("present_institution_id", pa.string()), ("home_kato", pa.string()),
     ("is_in_scope", pa.bool_()), ("scope", pa.string()), ("list_institution_id", pa.string()), ("list_row", pa.int32()),
     ("list_outcome", pa.string()), ("twin_key", pa.string()), ("family_key", pa.string()),
     ("has_iin", pa.bool_()), ("sex", pa.int8()), ("birth_date", pa.date32())]
)  # fmt: skip
LIST_ROWS = pa.schema(
    [("institution_id", pa.string()), ("list_row", pa.int32()), ("person_key", pa.string()), ("list_outcome", pa.string())]
)  # fmt: skip


def write_truth(
    path: Path, people: list[Person], records: list[Record], lists: dict[str, list[ListRow]]
) -> Counter[str]:
    """Write the three truth tables and return the number of records by state."""
    path.mkdir(parents=True, exist_ok=True)
    records.sort(key=lambda r: (r.arrives_at, r.route, r.delivery, r.record_no))
    verdicts = settle(records)
    rows = [
        {**vars(record), "state": state, "reason": reason}
        for record, (state, reason) in zip(records, verdicts, strict=True)
    ]
    _write(path / "records.parquet", rows, RECORDS)
    recorded = {
        r.person_key
        for r, (state, _) in zip(records, verdicts, strict=True)
        if state in {"counted", "duplicate", "out_of_scope"} and r.person_key
    }
    counted = {
        r.person_key for r, (state, _) in zip(records, verdicts, strict=True) if state == "counted" and r.person_key
    }
    by_key = {p.key: p for p in people}
    list_rows, places = _list_rows(by_key, lists, counted, recorded)
    _write(path / "list_rows.parquet", list_rows, LIST_ROWS)
    _write(path / "persons.parquet", [_person_row(p, places.get(p.key)) for p in people], PERSONS)
    return Counter(state for state, _ in verdicts)


def _list_rows(
    people: dict[str, Person], lists: dict[str, list[ListRow]], counted: set[str], recorded: set[str]
) -> tuple[list[dict[str, Any]], dict[str, tuple[str, int, str]]]:  # fmt: skip
    rows, places = [], {}
    for site, entries in sorted(lists.items()):
        for entry in entries:
            person = people[entry.person.key] if entry.person else None
            outcome = (
                "STAFF"
                if person is None
                else "DOUBLE_ENTRY"
                if entry.is_double
                else list_outcome(person, site, counted, recorded)
            )
            rows.append(
                {
                    "institution_id": site,
                    "list_row": entry.row_no,
                    "person_key": person and person.key,
                    "list_outcome": outcome,
                }
            )
            if person and not entry.is_double:
                places[person.key] = (site, entry.row_no, outcome)
    return rows, places


def list_outcome(person: Person, site: str, counted: set[str], recorded: set[str]) -> str:
    """Return what should be found out about a person on the list of a site."""
    if person.earlier and person.earlier.institution_id == site:
        return "TRANSFERRED"
    if person.kind == "DIED_BEFORE" or (person.kind == "DEPARTED" and person.death_on):
        return "DIED"
    if person.kind in {"DEPARTED", "LEAVER"}:
        return "DEPARTED"
    if person.scope == "BELONGS_ELSEWHERE":
        return "FORWARDED" if person.key in recorded else "NOT_FOUND"
    if person.key not in counted:
        return "REFUSED" if person.has_refused else "NOT_FOUND"
    return "TEMP_ABSENT" if person.is_usual and not person.is_present else "COUNTED"


def _person_row(person: Person, place: tuple[str, int, str] | None) -> dict[str, Any]:
    return {
        "person_key": person.key, "kind": person.kind, "category_code": person.category, "institution_id": person.institution_id,
        "usual_institution_id": person.usual_institution_id, "present_institution_id": person.present_institution_id,
        "home_kato": person.home_kato, "is_in_scope": person.scope == "IN", "scope": person.scope,
        "list_institution_id": place[0] if place else None, "list_row": place[1] if place else None,
        "list_outcome": place[2] if place else None, "twin_key": person.twin_key, "family_key": person.family_key,
        "has_iin": person.iin is not None, "sex": person.sex, "birth_date": person.birth,
    }  # fmt: skip


def _write(path: Path, rows: Iterable[dict[str, Any]], schema: pa.Schema) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, compression="zstd")
