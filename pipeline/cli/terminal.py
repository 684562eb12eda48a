"""What the command line prints: tables, records, JSON, bars of progress, and every failure in three lines."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, JustifyMethod
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipeline.errors import SanaqError
from pipeline.lake import in_utc

WIDEST = 10_000
# What a terminal would obey, or what turns the direction of a line; a name may hold anything.
NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
NARROWEST = 12

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Told(logging.Handler):
    """Says on the terminal what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        err.print(record.getMessage(), markup=False, soft_wrap=True)


TOLD = Told()


def show(rows: list[dict[str, Any]], as_json: bool, *, title: str, elided: Collection[str] = ()) -> None:
    """Print rows as a table; on a terminal it is too wide for, record by record.

    `elided` names the columns that may lose their end for the table to fit.
    """
    if as_json:
        print_json(rows)
        return
    if len(rows) == 1:
        out.print(f"[bold]{title}[/]")
        show_record(rows[0])
        return
    table = _table(rows, title)
    if not rows:
        out.print(f"[bold]{title}[/]: no rows")
    elif not out.is_terminal or _needed(table) <= out.width:
        Console(width=max(_needed(table), out.width), highlight=False).print(table)
    elif _needed(table := _table(rows, title, elided, is_narrow=True)) <= out.width:
        out.print(table)
    else:
        for number, row in enumerate(rows, start=1):
            out.print(f"[bold]{title}[/] {number} of {len(rows)}")
            show_record(row)


def show_record(row: dict[str, Any]) -> None:
    width = max(20, *(len(name) for name in row)) if row else 0
    for name, value in row.items():
        out.print(f"  {name:<{width}} {_text(value)}", markup=False, soft_wrap=True)


def show_stations(way: dict[str, Any], as_json: bool, *, title: str) -> None:
    """Print a record of fields, parts with fields of their own, and lists of rows."""
    if as_json:
        print_json(way)
        return
    out.print(f"[bold]{title}[/]")
    show_record({name: value for name, value in way.items() if not isinstance(value, dict | list)})
    for name, part in way.items():
        for row in part if isinstance(part, list) else [part] if isinstance(part, dict) else []:
            out.print(f"[bold]{name.replace('_', ' ')}[/]")
            show_record({key: value for key, value in row.items() if value not in (None, [])})


def print_json(content: Any) -> None:
    typer.echo(json.dumps(_plain(content), ensure_ascii=False, default=str, indent=2, allow_nan=False))


def progress(quiet: bool, *, steps: bool = False) -> Progress:
    counted = (BarColumn(), MofNCompleteColumn()) if steps else ()
    columns = (SpinnerColumn(), TextColumn("{task.description:<10}"), *counted, TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)


def complain(problem: SanaqError) -> None:
    err.print(f"[bold red]{type(problem).__name__}[/]: ", end="")
    err.print(problem.what, markup=False, soft_wrap=True)
    todo = problem.todo.replace("\n", f"\n{'':<11}")
    err.print(f"  where    {problem.where}\n  next     {todo}", markup=False, soft_wrap=True)


def _table(rows: list[dict[str, Any]], title: str, elided: Collection[str] = (), *, is_narrow: bool = False) -> Table:
    """Make a table; a narrow one breaks its heads at every underscore, and lets columns to be elided give way."""
    padding = (0, 1, 0, 0) if is_narrow else (0, 1)
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=padding
    )
    for name in rows[0] if rows else []:
        is_number = any(isinstance(row[name], int | float) for row in rows)
        head = name.replace("_", "\n") if is_narrow else name
        justify: JustifyMethod = "right" if is_number else "left"
        table.add_column(head, justify=justify, vertical="bottom", no_wrap=name not in elided)
    for row in rows:
        table.add_row(*(Text(_text(value), no_wrap=True, overflow="ellipsis") for value in row.values()))
    return table


def _needed(table: Table) -> int:
    """Return how wide a table has to be, its elided columns no wider than can just be read."""
    widest = out.options.update(width=WIDEST)
    given_way = [
        max(0, Measurement.get(out, widest, Group(*column.cells)).maximum - NARROWEST)
        for column in table.columns
        if not column.no_wrap
    ]
    return out.measure(table, options=widest).maximum - sum(given_way)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, datetime) or (isinstance(value, str) and MOMENT.fullmatch(value)):
        return in_utc(value)
    return "" if value is None else shown(str(value))


def shown(text: str) -> str:
    """Return a text as a terminal may have it: control characters spelled out."""
    return NOT_SHOWN.sub(lambda found: ascii(found[0])[1:-1], text)


def _plain(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
