"""One DuckDB file from Parquet files: tables, comments, views, macros; closed, reopened read-only and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.errors import BadSchema
from pipeline.lake import Lake
from pipeline.publish.catalogue import Entry
from pipeline.schema import Labels
from pipeline.settings import Settings
from pipeline.sql import connect, quoted, step_failed

# DuckDB 1.5 opens it as well as 2.0.
STORAGE_VERSION = "v1.5.0"


@dataclass(frozen=True)
class Macro:
    """A table macro: its name, its CREATE statement, what it answers."""

    name: str
    create: str
    comment: str


@dataclass(frozen=True)
class View:
    """A view: its name, its query, what it answers, and what its columns mean."""

    name: str
    query: str
    comment: Labels
    columns: Mapping[str, Labels]


def parquet_path(folder: Path, entry: Entry) -> Path:
    """Return where the Parquet twin of a table lies."""
    return folder / "parquet" / entry.schema / f"{entry.name}.parquet"


def home(path: Path, entry: Entry) -> str:
    """Return the schema a table is created in, so that `SCHEMA.TABLE` finds it.

    In a file that is called like the schema (`census.duckdb`) DuckDB calls `census.person` ambiguous between database and schema;
    in `main` the same words find it by the name of the database.
    """
    return "main" if entry.schema == path.stem else entry.schema


def make_database(
    path: Path,
    folder: Path,
    entries: Sequence[Entry],
    macros: Sequence[Macro],
    views: Sequence[View] = (),
    *,
    lake: Lake,
    settings: Settings,
) -> dict[str, int]:
    """Write the database and check it.

    Parameters
    ----------
    path
        The file to write.
    folder
        Folder whose `parquet/SCHEMA/TABLE.parquet` hold the rows.
    entries
        Tables to load.
    macros
        Table macros to create.
    views
        Views to create, in the file's own schema.

    Returns
    -------
    dict
        Rows by `SCHEMA.TABLE`.

    Raises
    ------
    BadSchema
        Reopened read-only, the file does not hold what it should.
    StepFailed
        The engine refused; field values are withheld.
    """
    try:
        with connect(settings, lake) as con:
            con.execute(f"ATTACH {quoted(str(path))} AS target (STORAGE_VERSION '{STORAGE_VERSION}')")
            con.execute("USE target")
            con.execute("BEGIN")  # once: a commit for each comment would wait for the disk hundreds of times
            for entry in entries:
                _load(con, home(path, entry), entry, parquet_path(folder, entry))
            for view in views:
                _create(con, view)
            for macro in macros:
                con.execute(macro.create)
                con.execute(f"COMMENT ON MACRO TABLE {macro.name} IS {quoted(macro.comment)}")
            con.execute("COMMIT")
            con.execute("CHECKPOINT target")
            con.execute("USE memory")
            con.execute("DETACH target")
        with duckdb.connect(str(path), read_only=True, config={"threads": settings.threads}) as con:
            _check_catalogue(con, path, entries, views)
            return _checked(con, path, folder, entries)
    except duckdb.Error as error:
        raise step_failed(error, f"publish/{path.name}") from None


def _load(con: duckdb.DuckDBPyConnection, schema: str, entry: Entry, source: Path) -> None:
    con.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    columns = ", ".join(f'"{name}"' for name in entry.table.columns)
    con.execute(f'CREATE TABLE "{schema}"."{entry.name}" AS SELECT {columns} FROM read_parquet({quoted(str(source))})')
    con.execute(f'COMMENT ON TABLE "{schema}"."{entry.name}" IS {_said(entry.table.comment)}')
    for name, column in entry.table.columns.items():
        con.execute(f'COMMENT ON COLUMN "{schema}"."{entry.name}"."{name}" IS {_said(column.comment)}')


def _create(con: duckdb.DuckDBPyConnection, view: View) -> None:
    con.execute(f"CREATE VIEW {view.name} AS {view.query}")
    con.execute(f"COMMENT ON VIEW {view.name} IS {_said(view.comment)}")
    for name, label in view.columns.items():
        con.execute(f'COMMENT ON COLUMN {view.name}."{name}" IS {_said(label)}')


def _said(comment: Labels) -> str:
    """Return a comment in the three languages as SQL text: who opens the file has no setting to choose one by."""
    return quoted(f"{comment.en} · {comment.ru} · {comment.kk}")


def _checked(con: duckdb.DuckDBPyConnection, path: Path, folder: Path, entries: Sequence[Entry]) -> dict[str, int]:
    counts = {}
    for entry in entries:
        keys = ", ".join(f'"{name}"' for name in entry.table.key)
        table = f'"{home(path, entry)}"."{entry.name}"'
        rows, distinct, written = con.execute(
            f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {table})), "
            f"(SELECT count(*) FROM read_parquet({quoted(str(parquet_path(folder, entry)))}))"
        ).fetchall()[0]
        if not rows == distinct == written:
            raise _refused(entry.full_name, f"{rows} rows, {distinct} keys, {written} rows in its Parquet file")
        counts[entry.full_name] = rows
    return counts


def _check_catalogue(
    con: duckdb.DuckDBPyConnection, path: Path, entries: Sequence[Entry], views: Sequence[View]
) -> None:
    """Columns are exactly the declared ones, none is an identifier, all are commented."""
    found: dict[str, set[str]] = {}
    for schema, table, column, comment in con.execute(
        "SELECT schema_name, table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    ).fetchall():
        found.setdefault(f"{schema}.{table}", set()).add(column)
        if not comment:
            raise _refused(f"{schema}.{table}", f"column {column} has no comment")
    declared = {
        f"{home(path, entry)}.{entry.name}": {
            name for name, column in entry.table.columns.items() if column.sensitivity != "identifier"
        }
        for entry in entries
    } | {f"main.{view.name}": set(view.columns) for view in views}
    if found != declared:
        differing = sorted(name for name in found.keys() | declared.keys() if found.get(name) != declared.get(name))
        raise _refused(", ".join(differing), "tables, views or columns are not the declared ones")
    bare = con.execute("SELECT count(*) FROM duckdb_tables() WHERE NOT internal AND comment IS NULL").fetchall()[0][0]
    if bare:
        raise _refused("duckdb_tables()", f"{bare} tables have no comment")


def _refused(where: str, what: str) -> BadSchema:
    return BadSchema(
        what, where=where, todo="Nothing was published. Mend the query or the schema file and publish again."
    )
