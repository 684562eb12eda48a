"""What a foreign file holds, whichever tool wrote it: sheets of text cells, one of them of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import duckdb
import pyarrow as pa

from pipeline.read.foreign.dictionary import Variable

Tool = Literal["survey_solutions", "odk", "cspro"]
Row = tuple[str | None, ...]  # why the row cannot be read or None, then its cells

PORTION_ROWS = 16_384
PORTION_LETTERS = 8 * 1024 * 1024
MOST_ROWS = 50_000_000


class CannotBeRead(Exception):  # control flow: the file becomes one unreadable record
    """A file as a whole cannot be read; `code` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Sheet:
    """One table of a foreign file.

    Attributes
    ----------
    key
        Columns that name a row within the sheet.
    parent, parent_key
        The sheet a row belongs to, and the columns that name its row there.
    row_id
        Columns that tell the rows of one case apart; they follow the case id in the ids of exploded cases.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Row]
    key: tuple[str, ...]
    parent: str | None = None
    parent_key: tuple[str, ...] = ()
    row_id: tuple[str, ...] = ()


@dataclass(frozen=True)
class Export:
    """A foreign file as its tool's reader understands it.

    Attributes
    ----------
    instrument
        What the tool calls the questionnaire; crosswalks are found by it.
    sheets
        The sheet of cases first.
    system
        What the tool itself says about cases, read by `TOOL.sql`.
    nothing
        Texts by which the tool says that there is no answer.
    described
        What the file says of its variables, read when asked.
    """

    tool: Tool
    instrument: str
    sheets: tuple[Sheet, ...]
    system: tuple[Sheet, ...] = ()
    nothing: tuple[str, ...] = ()
    described: Callable[[], list[Variable]] = list


@dataclass(frozen=True)
class Loaded:
    """A sheet as a table of the database: `row_no`, `fault` and cells `c0`, `c1`, …"""

    sheet: Sheet
    relation: str

    def cell(self, column: str) -> str | None:
        """Return the name of a column's cells; letters' case matters only where two columns differ by nothing else."""
        columns = self.sheet.columns
        if column in columns:
            return f"c{columns.index(column)}"
        alike = [at for at, name in enumerate(columns) if name.casefold() == column.casefold()]
        return f"c{alike[0]}" if len(alike) == 1 else None

    def joined(self, columns: tuple[str, ...], by: str, of: str) -> str:
        """Return SQL for cells joined to one text, in the table called `of`."""
        cells = [f"{of}.{cell}" for column in columns if (cell := self.cell(column))]
        return f"concat_ws('{by}', {', '.join(cells)})" if cells else "NULL::VARCHAR"


def load(con: duckdb.DuckDBPyConnection, sheet: Sheet, relation: str) -> Loaded:
    """Make a temporary table of a sheet, a portion of rows in memory at a time."""
    cells = ", ".join(f"c{at} VARCHAR" for at in range(len(sheet.columns)))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {relation} (row_no BIGINT, fault VARCHAR, {cells})")
    read = 0
    for portion in _portions(sheet.rows):
        if read + len(portion) > MOST_ROWS:
            raise CannotBeRead("TOO_LARGE")
        con.register("foreign_portion", _table(portion, read))
        con.execute(f"INSERT INTO {relation} SELECT * FROM foreign_portion")
        con.unregister("foreign_portion")
        read += len(portion)
    return Loaded(sheet, relation)


def _portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    portion: list[Row] = []
    letters = 0
    for row in rows:
        portion.append(row)
        letters += sum(map(len, filter(None, row)))
        if len(portion) >= PORTION_ROWS or letters >= PORTION_LETTERS:
            yield portion
            portion, letters = [], 0
    if portion:
        yield portion


def view(con: duckdb.DuckDBPyConnection, loaded: Loaded, name: str, columns: Iterable[str]) -> None:
    """Let SQL read some columns of a sheet by their own names; what the file does not have is NULL."""
    listed = ", ".join(f'nullif(trim({cell}), \'\') AS "{column}"' if (cell := loaded.cell(column)) else f'NULL::VARCHAR AS "{column}"' for column in columns)  # fmt: skip
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT row_no, fault, {listed} FROM {loaded.relation}")


def _table(rows: list[Row], before: int) -> pa.Table:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    numbers = pa.array(range(before + 1, before + len(rows) + 1), pa.int64())
    return pa.table([numbers, *columns], names=["row_no", "fault", *(f"c{at}" for at in range(len(columns) - 1))])
