"""CSPro: a `.csdb` file is an SQLite database with one table per record of its dictionary, which it carries along."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pipeline.read.foreign.dictionary import Dictionary, cspro_dictionary
from pipeline.read.foreign.sheets import CannotBeRead, Export, Row, Sheet

MAGIC = b"SQLite format 3\x00"
BEYOND = 1e50  # CSPro writes missing, refused and not applicable as numbers beyond every answer
LONGEST_VALUE = 16 * 1024 * 1024
SYSTEM = {
    "main": ("id", "deleted", "partial_save_mode", "last_modified_revision"),
    "vector_clock": ("case_id", "device", "revision"),
    "file_revisions": ("id", "timestamp"),
}
OWN_TABLES = re.compile(
    r"meta|cases|notes|vector_clock|file_revisions|sync_history|case-binary-data|binary-.*|sqlite_.*"
)
LEVEL = re.compile(r"level-(\d+)")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database nobody vouches for: not to be written, nothing in it to be run, nothing beside it to be read.

    Raises
    ------
    CannotBeRead
        `DAMAGED_FILE`.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as con:
            con.execute("PRAGMA trusted_schema = OFF")
            con.execute("PRAGMA query_only = ON")
            con.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            con.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            con.text_factory = _decoded
            yield con
    except (sqlite3.Error, UnicodeDecodeError):  # names of columns are decoded by nobody's leave
        raise CannotBeRead("DAMAGED_FILE") from None


def recognised(con: sqlite3.Connection) -> bool:
    """Whether the database is a CSPro data file."""
    return {"meta", "cases", "level-1"} <= set(_tables(con))


def read(con: sqlite3.Connection) -> Export:
    """Return the cases with every record that comes once, and apart the records that repeat."""
    tables = _tables(con)
    records = [name for name in tables if not OWN_TABLES.fullmatch(name) and not LEVEL.fullmatch(name)]
    single = [name for name in records if "occ" not in tables[name] and "level-1-id" in tables[name]]
    sheets = [_cases(con, tables, single)]
    for name in sorted(name for name in tables if LEVEL.fullmatch(name) and name != "level-1"):
        sheets.append(_table(con, name, tables[name], f"{name}-id", f"level-{int(name[6:]) - 1}"))
    for name in records:
        level = next((column[:-3] for column in tables[name] if LEVEL.fullmatch(column.removesuffix("-id"))), None)
        if name not in single and level is not None:
            sheets.append(_table(con, name, tables[name], f"{name}-id", level))
    system = [
        Sheet(name, tables[name], _rows(con, _select(name, tables[name], "1, 2")), key=())
        for name in SYSTEM
        if name in tables
    ]
    dictionary = _dictionary(con)
    return Export("cspro", dictionary.name, tuple(sheets), tuple(system), described=lambda: dictionary.variables)


def _cases(con: sqlite3.Connection, tables: dict[str, tuple[str, ...]], single: list[str]) -> Sheet:
    """Make the sheet of cases: `cases`, its ids, and the records of which a case has one."""
    parts = [("cases", tables["cases"]), ("level-1", tables["level-1"]), *((name, tables[name]) for name in single)]
    chosen = [(table, column) for table, columns in parts for column in columns if _is_own(table, column)]
    joins = " ".join(f'LEFT JOIN {_quoted(name)} USING ("level-1-id")' for name in single)
    listed = ", ".join(f"{_quoted(table)}.{_quoted(column)}" for table, column in chosen)
    order = "cases.file_order, cases.id" if "file_order" in tables["cases"] else "cases.id"
    query = f'SELECT {listed} FROM cases LEFT JOIN "level-1" ON "level-1"."case-id" = cases.id {joins} ORDER BY {order}'
    return Sheet("level-1", tuple(column for _, column in chosen), _rows(con, query), key=("level-1-id",))


def _is_own(table: str, column: str) -> bool:
    """Whether a column of a case's parts is not there a second time."""
    return column not in ("case-id", f"{table}-id", "level-1-id") or (table, column) == ("level-1", "level-1-id")


def _table(con: sqlite3.Connection, name: str, columns: tuple[str, ...], key: str, level: str) -> Sheet:
    rows = _rows(con, _select(name, columns, _quoted(key)))
    return Sheet(name, columns, rows, (key,), level, (f"{level}-id",), ("occ",) if "occ" in columns else (key,))


def _select(name: str, columns: tuple[str, ...], order: str) -> str:
    return f"SELECT {', '.join(map(_quoted, columns))} FROM {_quoted(name)} ORDER BY {order}"


def _rows(con: sqlite3.Connection, query: str) -> Iterator[Row]:
    for values in con.execute(query):
        cells = tuple(map(_cell, values))
        yield ("NOT_UTF8" if any(cell and "\ufffd" in cell for cell in cells) else None, *cells)


def _cell(value: Any) -> str | None:
    if value is None or (isinstance(value, int | float) and abs(value) > BEYOND):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value.hex() if isinstance(value, bytes) else str(value).rstrip()


def _dictionary(con: sqlite3.Connection) -> Dictionary:
    found = con.execute("SELECT dictionary FROM meta LIMIT 1").fetchone()
    return cspro_dictionary(str(found[0]) if found else "")


def _tables(con: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Return the columns of every real table; views and virtual tables could do work of their own and are not looked at."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    names = [str(name) for (name,) in con.execute(query)]
    return {name: tuple(str(row[1]) for row in con.execute(f"PRAGMA table_info({_quoted(name)})")) for name in names}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", errors="replace")
