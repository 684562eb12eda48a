"""What both publications share: a workbench over the finished build, Parquet twins, reference and meta tables, the manifest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipeline.errors import InputsMissing, LedgerUnbalanced
from pipeline.identifiers.sql import make_table
from pipeline.lake import Lake
from pipeline.publish.catalogue import Entry
from pipeline.publish.database import parquet_path
from pipeline.publish.snapshot import content_digest, file_sha256
from pipeline.settings import Settings
from pipeline.sql import Workbench, quoted, step_failed

HERE = Path(__file__).resolve().parent
# Reference tables whose relation bears no prefix.
OF_THE_ROUND = frozenset({"round", "round_window", "residence_rule", "threshold", "proxy_baseline", "disclosure"})


@dataclass(frozen=True)
class Task:
    """One publication at work.

    Attributes
    ----------
    name
        Snapshot or release id.
    folder
        Staging folder everything is written into.
    entries
        Tables of the database.
    queries
        Queries of tables that are not what their .sql file says, by `SCHEMA.TABLE`.
    """

    name: str
    lake: Lake
    settings: Settings
    build_dir: Path
    manifest: dict[str, Any]
    folder: Path
    entries: Sequence[Entry]
    queries: Mapping[str, str] = field(default_factory=dict)


def open_bench(lake: Lake, settings: Settings, build_dir: Path, manifest: dict[str, Any], folder: Path) -> Workbench:
    """Return a workbench that knows every table of the build and writes into a working folder beside the snapshot's files."""
    bench = Workbench.over(build_dir, "publish", lake, settings, datetime.fromisoformat(manifest["as_of"]))
    bench.step_dir = folder / ".work"
    return bench


def run_sql(bench: Workbench, name: str) -> list[tuple[Any, ...]]:
    """Run one .sql file of this folder and return its rows."""
    try:
        return list(bench.con.execute(sql_text(name)).fetchall())
    except duckdb.Error as error:
        raise step_failed(error, f"publish/{name}.sql") from None


def until_nothing(bench: Workbench, update: str) -> None:
    """Run an update until it changes no row any more."""
    while run_sql(bench, update)[0][0]:
        pass


def keep(bench: Workbench, kind: Literal["TABLE", "VIEW"], name: str) -> None:
    """Let the result of one .sql file of this folder be read under the file's name."""
    try:
        bench.con.execute(f"CREATE OR REPLACE TEMP {kind} {name} AS {sql_text(name)}")
    except duckdb.Error as error:
        raise step_failed(error, f"publish/{name}.sql") from None


def sql_text(name: str) -> str:
    """Return the text of one .sql file of this folder."""
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")


def require_balance(bench: Workbench) -> None:
    """Refuse a build whose ledger does not balance.

    Raises
    ------
    LedgerUnbalanced
        In some line the states do not add up to what was received.
    """
    lines = run_sql(bench, "unbalanced")[0][0]
    if lines:
        raise LedgerUnbalanced(
            f"{lines} lines of the ledger do not add up",
            where=f"builds/{bench.build_dir.name}/count/ledger.parquet",
            todo="Nothing was published. `sanaq reconcile` names the batches; report them with the build id.",
        )


def write_tables(bench: Workbench, task: Task) -> None:
    """Write the Parquet twin of every table of the publication."""
    _register_meta(bench, task)
    for entry in task.entries:
        target = parquet_path(task.folder, entry)
        target.parent.mkdir(parents=True, exist_ok=True)
        query = task.queries.get(entry.full_name) or _query(entry)
        if places := _places_beside_tier(entry):
            query = _masked(_built(task.build_dir, entry), places)
        if entry.is_made_here or places:
            os.replace(bench.write(entry.table.table, query), target)
            bench.relation(entry.table.table, [target])
        else:
            shutil.copyfile(_built(task.build_dir, entry), target)
    shutil.rmtree(bench.step_dir, ignore_errors=True)


def snapshot_manifest(task: Task, row_counts: dict[str, int], round_id: str) -> dict[str, Any]:
    """Return the manifest of a finished folder: what it is made from and what it holds."""
    digests = {entry.full_name: file_sha256(parquet_path(task.folder, entry)) for entry in task.entries}
    files = {
        str(path.relative_to(task.folder)): file_sha256(path)
        for path in sorted(task.folder.iterdir())
        if path.is_file() and path.suffix in (".html", ".json")
    }
    # what a night compared depends on the night before it, and is no content of the build
    content = {entry.full_name: digests[entry.full_name] for entry in task.entries if entry.table.step != "reconcile"}
    inputs = task.manifest["inputs"]
    return {
        "snapshot_id": task.name,
        "build_id": task.manifest["build_id"],
        "as_of": task.manifest["as_of"],
        "round_id": round_id,
        "inputs": inputs,
        "versions": {
            "code": inputs.get("code"),
            "reference": inputs.get("reference"),
            "round": inputs.get("round"),
            "lock": inputs.get("lock"),
            "duckdb": duckdb.__version__,
        },
        "content_digest": content_digest(content),
        "tables": {
            entry.full_name: {"row_count": row_counts[entry.full_name], "sha256": digests[entry.full_name]}
            for entry in task.entries
        },
        "files": files,
    }


def _query(entry: Entry) -> str | None:
    """Reference and meta tables are the registered relations, cut to the declared columns; others have a .sql file."""
    if entry.schema not in ("ref", "meta"):
        return None
    source = {"meta.rule": "ref_rule"}.get(entry.full_name, f"{entry.schema}_{entry.name}")
    if entry.name in OF_THE_ROUND:
        source = entry.name
    columns = ", ".join(f'"{name}"' for name in entry.table.columns)
    return f"SELECT {columns} FROM {source}"


def _places_beside_tier(entry: Entry) -> list[str]:
    """Columns of a table of the build that would say where an S3 site lies: a masked code beside its place is its name."""
    columns = {} if entry.is_made_here else entry.table.columns
    return [name for name in columns if name.endswith("kato")] if "tier" in columns else []


def _masked(source: Path, places: list[str]) -> str:
    region = "(SELECT region_kato FROM round)"  # of a site of no tier as well: its category is not known
    masked = ", ".join(
        f"CASE WHEN tier <> 'S3' THEN {place} WHEN {place} IS NOT NULL THEN {region} END AS {place}" for place in places
    )
    return f"SELECT * REPLACE ({masked}) FROM read_parquet({quoted(str(source))})"


def _built(build_dir: Path, entry: Entry) -> Path:
    path = build_dir / entry.table.step / f"{entry.table.table}.parquet"
    if not path.exists():
        raise InputsMissing(
            f"table {entry.table.table} is not in the build",
            where=str(path),
            todo="Run `sanaq build` to its end, then publish.",
        )
    return path


def _register_meta(bench: Workbench, task: Task) -> None:
    inputs = task.manifest["inputs"]
    moment = datetime.fromisoformat(task.manifest["as_of"]).astimezone(UTC).replace(tzinfo=None)
    snapshot = {
        "snapshot_id": task.name,
        "build_id": task.manifest["build_id"],
        "as_of_at": moment,
        "round_id": bench.value("SELECT round_id FROM round"),
        "batch_count": len(inputs["batches"]),
        **{f"{name}_sha256": inputs.get(name) for name in ("code", "reference", "round", "decisions", "lock")},
    }
    for name, rows in (("meta_snapshot", [snapshot]), ("meta_dictionary", dictionary_rows(task.entries))):
        columns = bench.schemas[f"all_{name}"].columns
        make_table(bench.con, name, rows, {column: described.type for column, described in columns.items()})


def dictionary_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return one row per table (column 0) and per column, in the order of the tables."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        table = entry.table
        place = {
            "schema_name": entry.schema,
            "table_name": entry.name,
            "is_kk_reviewed": table.reviewed.get("kk", False),
        }
        nothing = {
            "column_name": None,
            "data_type": None,
            "unit": None,
            "code_list": None,
            "sensitivity": None,
            "is_key": None,
        }
        rows.append({**place, **nothing, "column_no": 0, **_comments(table.comment)})
        for number, (name, column) in enumerate(table.columns.items(), start=1):
            described = {
                "data_type": column.type,
                "unit": column.unit,
                "code_list": column.code_list,
                "sensitivity": column.sensitivity,
            }
            rows.append(
                {
                    **place,
                    "column_no": number,
                    "column_name": name,
                    **described,
                    "is_key": name in table.key,
                    **_comments(column.comment),
                }
            )
    return rows


def _comments(labels: Any) -> dict[str, str]:
    return {"comment_kk": labels.kk, "comment_ru": labels.ru, "comment_en": labels.en}
