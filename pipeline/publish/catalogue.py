"""Which tables leave the lake, into which database, under which name.

A schema file says it with `publish: SCHEMA` (or `operations.SCHEMA`). Tables made for publication alone have `step: publish` and say the database
too: `operations.SCHEMA`, `release.SCHEMA` or `all.SCHEMA`; they are called `DATABASE_SCHEMA_NAME` in the lake, and they take precedence over a
table of the build that would get the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.errors import BadSchema
from pipeline.schema import Table


@dataclass(frozen=True)
class Entry:
    """One published table: the schema and name an analyst sees, and the table of the build behind it."""

    schema: str
    name: str
    table: Table

    @property
    def full_name(self) -> str:
        """`SCHEMA.NAME`."""
        return f"{self.schema}.{self.name}"

    @property
    def is_made_here(self) -> bool:
        """Whether the table is made for publication and not taken from the build as it is."""
        return self.table.step == "publish"


def entries(tables: Mapping[str, Table], database: str) -> list[Entry]:
    """Return the tables of one database in order of their names.

    Parameters
    ----------
    tables
        Every table schema.
    database
        `operations` or `release`.
    """
    found: dict[str, Entry] = {}
    for table in sorted(tables.values(), key=lambda table: (table.step == "publish", table.table)):
        entry = _entry(table, database)
        if entry is not None:
            _refuse_identifiers(table)
            found[entry.full_name] = entry
    return [found[name] for name in sorted(found)]


def _entry(table: Table, database: str) -> Entry | None:
    if table.publish is None:
        return None
    target, _, schema = table.publish.rpartition(".")
    if table.step == "publish":
        name = table.table.removeprefix(f"{target}_{schema}_")
        return Entry(schema, name, table) if target in (database, "all") else None
    if database != "operations" or target not in ("", "operations"):
        return None
    return Entry(schema, table.table.removeprefix(f"{schema}_"), table)


def _refuse_identifiers(table: Table) -> None:
    secret = sorted(name for name, column in table.columns.items() if column.sensitivity == "identifier")
    if secret:
        raise BadSchema(
            f"identifier columns cannot leave the lake: {', '.join(secret)}",
            where=f"pipeline/schema/{table.table}.yaml",
            todo="Drop `publish`, or make a table without them in pipeline/publish/.",
        )
