"""The figures of a night: each from one .sql file of this folder, as plain rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import InputsMissing
from pipeline.identifiers.sql import make_table
from pipeline.lake import Lake, has_foreign, received_by
from pipeline.sql import Workbench, quoted, step_failed

HERE = Path(__file__).resolve().parent
COMPARED = ("record_state", "person", "coverage_institution", "batch")
CODE = ("code", "reference", "crosswalks", "round", "lock", "id_key", "trust_root")
MEDIUM_AGAIN = {"medium_id": "VARCHAR", "heard_at": "VARCHAR"}
MEDIUM_OUT = {"medium_id": "VARCHAR", "act_case_count": "INTEGER", "out_hours": "BIGINT"}
NOT_TAKEN = {**dict.fromkeys(("outcome", "route", "reason"), "VARCHAR"), "place_count": "BIGINT"}

Row = dict[str, Any]


def rows(bench: Workbench, name: str) -> list[Row]:
    """Run one .sql file of this folder.

    Raises
    ------
    StepFailed
        The engine refused; field values are withheld.
    """
    try:
        cursor = bench.con.execute((HERE / f"{name}.sql").read_text(encoding="utf-8"))
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.Error as error:
        raise step_failed(error, f"reconcile/{name}.sql") from None


def read_manifest(build_dir: Path) -> dict[str, Any]:
    """Read a build's manifest."""
    path = build_dir / "manifest.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise InputsMissing("manifest cannot be read", where=str(path), todo="Run `sanaq build` first.") from None


def named_batches(manifest: dict[str, Any]) -> set[str]:
    """Return every batch a build's manifest names: those it is made from, and those that wait because the round is closed."""
    return {*manifest["inputs"]["batches"], *manifest["inputs"].get("after_close", [])}


def register_landed(bench: Workbench, manifest: dict[str, Any]) -> None:
    """Let the batches the build was to be made from be read as `landed`."""
    _make_column(bench, "landed", "batch_id", manifest["inputs"]["batches"])


def register_not_taken(bench: Workbench, lake: Lake, manifest: dict[str, Any]) -> list[Row]:
    """Let what had been refused or waited by the build's as-of be read as `not_taken`, and return it."""
    left = lake.not_taken(datetime.fromisoformat(manifest["as_of"]))
    make_table(bench.con, "not_taken", left, NOT_TAKEN)
    return left


def register_beside(bench: Workbench, as_of: datetime) -> list[Row]:
    """Let what lies beside a build at a moment be read, as the checks do: `medium_out`, `release`, and the rules it was made by.

    Media that are written and not loaded in time are told by receipts as well as by batches; of the release that stands there is one row or none.
    What it says of its rules is `released_disclosure` and `released_category`; `released_group` names the build each group is told from, and
    `released_institution` has the registers of these: a file that is gone says nothing. Returned are the media.
    """
    landed = bench.lake.batches(as_of) if bench.closing else []
    late = landed[len(received_by(landed, bench.as_of)) :]  # what came after the close waits, and has come all the same
    make_table(bench.con, "medium_again", bench.lake.media_again(as_of, late), MEDIUM_AGAIN)
    media_out = rows(bench, "medium_out")
    make_table(bench.con, "medium_out", media_out, MEDIUM_OUT)
    current = bench.lake.published / "current"
    path = current / "manifest.json"
    made = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    stands = "disclosure" in made and datetime.fromisoformat(made["as_of"]) <= as_of
    _make_column(bench, "release", "snapshot_id", [made["snapshot_id"]] if stands else [])
    told = made["disclosure"]["told"] if stands else {}
    groups = [{"publication_group": group, "build_id": build_id} for group, build_id in sorted(told.items())]
    make_table(bench.con, "released_group", groups, {"publication_group": "VARCHAR", "build_id": "VARCHAR"})
    for name in ("disclosure", "category"):
        made_by = [("", current / "parquet" / "ref" / f"{name}.parquet")] if stands else []
        _make_kept(bench, name, f"all_ref_{name}", made_by)
    registers = [
        (build_id, bench.lake.builds / build_id / "read" / "institution.parquet")
        for build_id in sorted({*told.values()})
    ]
    _make_kept(bench, "institution", "institution", registers)
    return media_out


def _make_kept(bench: Workbench, name: str, schema: str, files: list[tuple[str, Path]]) -> None:
    """Let files of the builds of a release be read as `released_NAME`, with the build; what a file of another version lacks is empty."""
    _make_empty(bench, f"known_{name}", schema)
    parts = [f"SELECT NULL::VARCHAR AS build_id, * FROM known_{name}"]
    for number, (build_id, path) in enumerate(files):
        if path.exists():
            bench.relation(f"kept_{name}_{number}", [path])
            parts.append(f"SELECT {quoted(build_id)} AS build_id, * FROM kept_{name}_{number}")
    bench.con.execute(f"CREATE OR REPLACE TEMP TABLE released_{name} AS {' UNION ALL BY NAME '.join(parts)}")


def register_no_history(bench: Workbench) -> None:
    """Let the discrepancies of the night before be read as `before_discrepancy_history`, of which there are none yet."""
    _make_empty(bench, "before_discrepancy_history", "discrepancy_history")


def register_before(bench: Workbench, build_dir: Path) -> bool:
    """Let the tables of the night before be read as `before_TABLE`; False if one of them is gone. A night that was not reconciled has no history."""
    paths = {table: next(build_dir.glob(f"*/{table}.parquet"), None) for table in COMPARED}
    for table, path in paths.items():
        if path is not None:
            bench.relation(f"before_{table}", [path])
    history = build_dir / "reconcile" / "discrepancy_history.parquet"
    if history.exists():
        bench.relation("before_discrepancy_history", [history])
    return all(paths.values())


def register_causes(bench: Workbench, lake: Lake, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Let what was decided since be read as `decided`, and what else differs between the inputs as `inputs_differ`."""
    since, until = datetime.fromisoformat(before["as_of"]), datetime.fromisoformat(now["as_of"])
    ids: set[str] = set()
    for path in sorted(lake.decisions.glob("*.jsonl")):
        for decision in lake.decided(path.stem, until):
            if datetime.fromisoformat(decision["decided_at"]) > since:
                ids.update(_texts(decision))
    _make_column(bench, "decided", "id", ids)
    _make_column(bench, "inputs_differ", "cause", [_default_cause(before["inputs"], now["inputs"])])


def register_translated(bench: Workbench, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Let the batches with a file of another survey tool be read as `translated` where the crosswalks differ; none where they do not."""
    is_anew = before["inputs"].get("crosswalks") != now["inputs"].get("crosswalks")
    batches = bench.lake.batches() if is_anew else []
    foreign = [batch["batch_id"] for batch in batches if has_foreign(batch)]
    _make_column(bench, "translated", "batch_id", foreign)


def _make_column(bench: Workbench, table: str, column: str, texts: Iterable[str]) -> None:
    make_table(bench.con, table, ({column: text} for text in texts), {column: "VARCHAR"})


def _make_empty(bench: Workbench, name: str, table: str) -> None:
    columns = bench.schemas[table].columns.items()
    listed = ", ".join(f"CAST(NULL AS {column.type}) AS {name}" for name, column in columns)
    bench.con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {listed} WHERE FALSE")


def _default_cause(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What may move a record that neither a decision nor a new record of its person touched."""
    differing = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    if differing.intersection(CODE):
        return "code_or_reference"
    if "decisions" in differing:
        return "decision"
    # receipts differ by what waits while the round is closed as well, and that moves nobody
    is_received = "batches" in differing or ("receipts" in differing and "after_close" not in differing)
    return "new_input" if is_received else "unexplained"


def _texts(value: object) -> Iterator[str]:
    """Every text inside a decision: among them are the ids it is about."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
