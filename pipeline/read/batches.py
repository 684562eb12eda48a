"""Makes the tables of batches: what arrived together, and what its sender says about it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from pipeline.lake import is_foreign
from pipeline.read.seals import Seal, is_bundle
from pipeline.sql import Workbench

LARGEST_COUNT = 2**31 - 1

BATCH = pa.schema(
    [
        ("batch_id", pa.string()), ("route", pa.string()), ("source_id", pa.string()), ("received_at", pa.timestamp("us")),
        ("institution_id", pa.string()), ("device_id", pa.string()), ("medium_id", pa.string()), ("bundle_id", pa.string()),
        ("file_count", pa.int32()), ("byte_count", pa.int64()), ("declared_count", pa.int32()), ("sent_at", pa.timestamp("us")),
        ("custody_employee_id", pa.string()), ("custody_reason_code", pa.string()), ("custody_act_no", pa.string()),
        ("act_case_count", pa.int32()), ("copied_at", pa.timestamp("us")), ("loaded_at", pa.timestamp("us")),
        ("created_count", pa.int32()), ("deleted_count", pa.int32()), ("last_case_no", pa.int32()), ("problems", pa.list_(pa.string())), ("seal_fault", pa.string()),
        ("carried_batch_ids", pa.list_(pa.string())), ("proven_sha256", pa.list_(pa.string())),
    ]
)  # fmt: skip
DAILY = pa.schema(
    [
        ("batch_id", pa.string()),
        ("counted_on", pa.date32()),
        ("declared_count", pa.int32()),
        ("landed_count", pa.int32()),
    ]
)

BATCH_QUERY = """
WITH found AS (
    SELECT
        batch_id,
        count(*) AS record_count,
        -- a file that is no file of a bundle is a record, and no case; the rows of a roster are one to whoever sent it
        count(*) FILTER (WHERE roster_case_id IS NULL AND COALESCE(read_error NOT IN ('UNKNOWN_FILE', 'BAD_MANIFEST'), TRUE))
        + count(DISTINCT roster_case_id) AS slot_count,
        count(*) FILTER (WHERE read_error = 'TRUNCATED') AS torn_count
    FROM record
    GROUP BY batch_id
    UNION ALL
    SELECT batch_id, count(*) AS record_count, count(*) AS slot_count, 0 AS torn_count FROM intake_record GROUP BY batch_id
)
SELECT
    batch_row.*,
    COALESCE(found.record_count, 0) AS record_count,
    COALESCE(found.slot_count, 0) AS slot_count,
    COALESCE(found.torn_count, 0) > 0 AS is_truncated
FROM batch_row
LEFT JOIN found USING (batch_id)
"""


def run(bench: Workbench, seals: Mapping[str, Seal]) -> None:
    """Make `batch` and `batch_daily`; the records must have been made. `seals` says of every batch what is proven of it."""
    # what nobody signed is no control total
    believed = [
        batch if seals[batch["batch_id"]].is_statement_proven else batch | {"declared": None} for batch in bench.batches
    ]
    reasons = bench.reference.code_lists["usb_reason"].codes.keys()
    carried = _carried(believed)
    rows = [
        _batch(batch, reasons)
        | {
            "seal_fault": seals[batch["batch_id"]].fault,
            "proven_sha256": _proven(batch, seals[batch["batch_id"]]),
            "carried_batch_ids": carried.get(batch["batch_id"], []),
        }
        for batch in believed
    ]
    bench.con.register("batch_row", pa.Table.from_pylist(rows, schema=BATCH))
    daily = [row for batch in believed for row in _daily(batch)]
    bench.con.register("batch_daily_row", pa.Table.from_pylist(daily, schema=DAILY))
    bench.write("batch", BATCH_QUERY)
    bench.write("batch_daily", "SELECT * FROM batch_daily_row")


def _batch(batch: dict[str, Any], reasons: Container[str]) -> dict[str, Any]:
    said = batch["declared"] or {}
    custody = batch["custody"] or {}
    return {
        **{name: batch[name] for name in ("batch_id", "route", "source_id", "institution_id", "device_id")},
        "received_at": _moment(batch["received_at"]),
        "medium_id": _text(custody, "medium_id"),
        "bundle_id": _text(said, "bundle_id"),
        "file_count": len(batch["files"]),
        "byte_count": sum(file["size"] for file in batch["files"]),
        "declared_count": _count(said.get("case_count")),
        "sent_at": _moment(said.get("exported_at")),
        "custody_employee_id": _text(custody, "employee_id"),
        "custody_reason_code": _text(custody, "reason_code"),
        "custody_act_no": _text(custody, "act_no"),
        "act_case_count": _count(custody.get("act_case_count")),
        "copied_at": _moment(custody.get("copied_at")),
        "loaded_at": _moment(custody.get("loaded_at")),
        **{name: _count(said.get(name)) for name in ("created_count", "deleted_count", "last_case_no")},
        "problems": sorted([*batch["problems"], *_custody_faults(batch, reasons)]),
    }


def _custody_faults(batch: dict[str, Any], reasons: Container[str]) -> Iterator[str]:
    """Yield what does not fit in a medium's custody record: its reason (R21), its moment, and whom it names beside the bundle's own statement."""
    custody = batch["custody"]
    if custody is None:
        return
    if _text(custody, "reason_code") not in reasons:
        yield "CUSTODY_REASON"
    if _moment(custody.get("copied_at")) is None:
        yield "CUSTODY_MOMENT"
    for name, code in (("device_id", "CUSTODY_TABLET"), ("institution_id", "CUSTODY_INSTITUTION")):
        if batch[name] is not None and _text(custody, name) not in (None, batch[name]):
            yield code


def _proven(batch: dict[str, Any], seal: Seal) -> list[str]:
    """Return the digests of the survey tools' files that a bundle's signature answers for."""
    if seal.fault or not is_bundle(batch):
        return []
    return sorted(f["sha256"] for f in batch["files"] if is_foreign(f["path"]) and f["path"] not in seal.strangers)


def _carried(batches: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return for each batch of a medium what the medium carried as well, by its custody record, and had come by another before.

    An export folder grows, and is copied whole each time: a bundle is one batch whatever carries it, and keeps the custody record of the first.
    """
    holders: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    media: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for batch in batches:
        if batch["route"] == "tablet_usb":
            media[json.dumps(batch["custody"], sort_keys=True)].append(batch)
            for file in batch["files"]:
                holders[file["path"], file["sha256"]].append(batch["batch_id"])
    found: dict[str, list[str]] = {}
    for own in media.values():
        ids = [batch["batch_id"] for batch in own]
        holding = [_holding(files, holders) for files in _listed(own[0]["custody"] or {})]
        found |= dict.fromkeys(ids, sorted({held[0] for held in holding if held and not {*held} & {*ids}}))
    return found


def _listed(custody: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """Return names and digests of the files a custody record lists, bundle by bundle."""
    bundles: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    files = custody.get("files")
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict) and (path := _text(file, "path")) and (sha256 := _text(file, "sha256")):
            bundle, _, name = path.partition("/")
            bundles[bundle].append((name, sha256))
    return [*bundles.values()]


def _holding(files: list[tuple[str, str]], holders: Mapping[tuple[str, str], list[str]]) -> list[str]:
    """Return the batches that hold all of these files, in order of receipt."""
    first, *others = (holders.get(file, []) for file in files)
    return [batch_id for batch_id in first if all(batch_id in other for other in others)]


def _daily(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sender's counts per day: a tablet's `daily_counts`, `daily` of what is pulled."""
    said = batch["declared"] or {}
    counts = said.get("daily_counts" if batch.get("cursor_to") is None else "daily")
    landed = batch.get("landed_daily")  # none but of the Census Database, and of it since this is counted
    rows = (
        [(_day(day), _count(count), None if landed is None else landed.get(day, 0)) for day, count in counts.items()]
        if isinstance(counts, dict)
        else []
    )
    return [
        {"batch_id": batch["batch_id"], "counted_on": day, "declared_count": count, "landed_count": landed_count}
        for day, count, landed_count in rows
        if day is not None and count is not None
    ]


def _text(said: dict[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) and value else None


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT
    return value if is_count else None  # type: ignore[return-value]  # is_count has looked


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC).replace(tzinfo=None) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _day(value: str) -> date | None:
    """Return a day written YYYY-MM-DD, or None: one day in two spellings would be counted twice."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.isoformat() == value else None
