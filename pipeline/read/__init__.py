"""One reader per format: bytes to typed rows, identity and answers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ByteSize, TypeAdapter

if TYPE_CHECKING:
    import duckdb

    from pipeline.sql import Workbench

MEMORY = "1GB"  # of the engine: reading streams and sorts on disk, so that ten million rows take what one million take


def run(bench: Workbench) -> None:
    """Make the tables of the step: records, what offices sent, batches."""
    from pipeline.read import batches, office, submissions, sweeps
    from pipeline.read.seals import seals

    hold_memory(bench.con)
    office.run(bench)
    proven = seals(bench)
    submissions.run(bench, proven, submissions.safe_houses(bench))
    batches.run(bench, proven)
    sweeps.run(bench)


def hold_memory(con: duckdb.DuckDBPyConnection) -> None:
    """Give the engine no more than `MEMORY`, nor more than it had."""
    size = TypeAdapter(ByteSize).validate_python
    [(limit,)] = con.execute("SELECT current_setting('memory_limit')").fetchall()
    if size(limit) > size(MEMORY):
        con.execute(f"SET memory_limit = '{MEMORY}'")
