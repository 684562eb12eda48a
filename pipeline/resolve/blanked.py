"""What a check took out of a record is read no more: neither who is counted, nor where, nor what is told of a person rests on it."""

from __future__ import annotations

from collections.abc import Iterable, Set

from pipeline.sql import Workbench, quoted

TABLES = ("identity", "answers")


def register_kept(bench: Workbench) -> None:
    """Let `kept_identity` and `kept_answers` be read: the tables of these names without the values that were blanked.

    Few columns are ever blanked, and in few records: only those columns are looked at.
    """
    bench.con.execute(
        "CREATE OR REPLACE TABLE blanked AS SELECT record_id, blanked_columns FROM record_check WHERE len(blanked_columns) > 0"
    )
    found = bench.con.execute("SELECT DISTINCT unnest(blanked_columns) FROM blanked").fetchall()
    blanked = {name for (name,) in found}
    for table in TABLES:
        query = kept_query(table, bench.schemas[table].columns, blanked)
        bench.con.execute(f"CREATE OR REPLACE VIEW kept_{table} AS {query}")


def kept_query(table: str, columns: Iterable[str], blanked: Set[str]) -> str:
    """Return the rows of a table, each without what was blanked in it."""
    emptied = [
        f"CASE WHEN blanked.record_id IS NULL OR NOT list_contains(blanked_columns, {quoted(name)}) THEN {name} END AS {name}"
        for name in columns
        if name in blanked
    ]
    if not emptied:
        return f"FROM {table}"
    return f"SELECT {table}.* REPLACE ({', '.join(emptied)}) FROM {table} LEFT JOIN blanked USING (record_id)"
