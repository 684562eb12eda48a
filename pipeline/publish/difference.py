"""What differs between two nights: rows and columns of every table, the great counts, and what may be the cause.

Read from the snapshots alone, so that any two can be compared as long as they are kept. Which record became what, and why, from one night to
the next is in `reconciliation.json` beside each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.lake import Lake
from pipeline.publish.snapshot import read_snapshot_manifest, snapshot_folder

Row = dict[str, Any]
# Tables whose sums are the counts of a night, and the causes a manifest can name, as people call them.
COUNTED = ("quality.ledger", "coverage.category")
CAUSES = {
    "decisions": "decisions",
    "code": "code",
    "lock": "locked packages",
    "reference": "reference data",
    "crosswalks": "crosswalks",
    "round": "round file",
    "trust_root": "trust root",
    "id_key": "key of the ids",
    "identity_key": "key of identity",
    "closing": "round closed or reopened",
    "after_close": "what waits for the round to be reopened",
    "receipts": "moments of receipt",
}
LANDED = ("batches", "after_close")


def difference(lake: Lake, first: str, second: str) -> dict[str, Any]:
    """Compare two snapshots of `operations/`, each by its name, `current` or `previous`.

    Returns
    -------
    dict
        `from` and `to` with their moments; `causes`, what differs in what they are made from; `counts`, sums that differ; `tables`, those whose
        rows, columns or content differ.

    Raises
    ------
    NothingToBuild
        One of them is not there.
    """
    folders = [snapshot_folder(lake, lake.operations, name) for name in (first, second)]
    before, now = (read_snapshot_manifest(folder) for folder in folders)
    names = sorted(before["tables"].keys() | now["tables"].keys())
    return {
        "from": {"snapshot_id": before["snapshot_id"], "as_of": before["as_of"]},
        "to": {"snapshot_id": now["snapshot_id"], "as_of": now["as_of"]},
        "causes": _causes(before["inputs"], now["inputs"]),
        "counts": [row for name in COUNTED for row in _counts(name, *folders)],
        "tables": [
            _table(name, before, now, *folders) for name in names if _digest(before, name) != _digest(now, name)
        ],
    }


def _causes(before: Row, now: Row) -> list[Row]:
    old, new = set(before["batches"]), set(now["batches"])
    batches = [
        {"cause": "batches", "change": f"{len(new - old)} came, {len(old - new)} are gone"},
    ]
    keys = [key for key in CAUSES if before.get(key) != now.get(key)]
    # other batches have other moments; that those of the same batches differ is a cause of its own
    told = [key for key in keys if key != "receipts" or all(before.get(name) == now.get(name) for name in LANDED)]
    changed = [{"cause": CAUSES[key], "change": "differ"} for key in told]
    return [*(batches if old != new else []), *changed]


def _counts(name: str, before: Path, now: Path) -> list[Row]:
    sums = _sums(before, name), _sums(now, name)
    shared = [column for column in sums[1] if column in sums[0] and sums[0][column] != sums[1][column]]
    return [
        {"table": name, "count": column, "before": sums[0][column], "now": sums[1][column],
         "difference": sums[1][column] - sums[0][column]}
        for column in shared
    ]  # fmt: skip


def _sums(folder: Path, name: str) -> dict[str, int]:
    path = _path(folder, name)
    if not path.exists():
        return {}
    columns = [column for column in pq.read_schema(path).names if column.endswith("_count")]
    table = pq.read_table(path, columns=columns)
    return {column: pc.sum(table[column]).as_py() or 0 for column in columns}


def _table(name: str, before: Row, now: Row, first: Path, second: Path) -> Row:
    old, new = _columns(first, name), _columns(second, name)
    retyped = sorted(column for column in old.keys() & new.keys() if old[column] != new[column])
    return {
        "table": name,
        "before": before["tables"].get(name, {}).get("row_count"),
        "now": now["tables"].get(name, {}).get("row_count"),
        "columns_added": sorted(new.keys() - old.keys()),
        "columns_gone": sorted(old.keys() - new.keys()),
        "types_changed": [f"{column}: {old[column]} to {new[column]}" for column in retyped],
    }


def _columns(folder: Path, name: str) -> dict[str, str]:
    path = _path(folder, name)
    return {field.name: str(field.type) for field in pq.read_schema(path)} if path.exists() else {}


def _digest(manifest: Row, name: str) -> str | None:
    table = manifest["tables"].get(name)
    return table["sha256"] if table else None


def _path(folder: Path, name: str) -> Path:
    schema, _, table = name.partition(".")
    return folder / "parquet" / schema / f"{table}.parquet"
