"""The one way a rule becomes usable: an SQL expression, registered as a macro and asked from Python.

Every rule on a number or a name is written once, as a function that takes an SQL expression and returns an SQL expression. `register`
makes a macro of it; `evaluate` runs the very same text on one value. There is nothing to keep in step.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import duckdb

from pipeline.errors import StepFailed

Rule = Callable[..., str]

_local = threading.local()


def literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def make_table(
    con: duckdb.DuckDBPyConnection, name: str, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]
) -> None:
    """Make a table of rows that Python has, in the order of all columns, which are given with their types; what a row lacks is NULL.

    As one JSON text: parameters and Arrow arrays made of Python's values would have every process import pandas, half a second of its time.

    Raises
    ------
    StepFailed
        A value is not of its column's type.
    """
    given = list(rows)
    values = json.dumps(
        {column: [row.get(column) for row in given] for column in columns}, ensure_ascii=False, default=str
    )
    kinds = json.dumps({column: [kind] for column, kind in columns.items()})
    unnested = ", ".join(f'unnest(given."{column}") AS "{column}"' for column in columns)
    query = (
        f"SELECT {unnested} FROM (SELECT from_json_strict({literal(values)}, {literal(kinds)}) AS given) ORDER BY ALL"
    )
    try:
        con.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
    except duckdb.Error:  # its words quote the value
        raise StepFailed(
            "a value is not of its column's type",
            where=name,
            todo="Look for what was changed by hand in the lake's `decisions/`, a manifest or the round file.",
        ) from None


def chained(text: str, stages: Iterable[str]) -> str:
    """Run `text` through stages, each an expression over `v`, the answer of the stage before, computed once however often it is named.

    A lambda compiles its patterns anew for every chunk of rows: many names go through the same stages in a query of their own.
    """
    for stage in stages:
        text = f"list_transform([{text}], lambda v: {stage})[1]"
    return text


def where(pattern: str, body: str) -> str:
    """`body` where `v` matches, else `v` as it is: the many names without a rare spelling pay for one look."""
    return f"CASE WHEN regexp_matches(v, {literal(pattern)}) THEN {body} ELSE v END"


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """`text` with the first of each pair replaced by the second, pair after pair."""
    for old, new in pairs:
        text = f"replace({text}, {literal(old)}, {literal(new)})"
    return text


def translated(text: str, letters: dict[str, str]) -> str:
    """`text` with each letter of `letters` replaced by its own."""
    return f"translate({text}, {literal(''.join(letters))}, {literal(''.join(letters.values()))})"


def evaluate(rule: Rule, *values: Any) -> Any:
    """Run `rule` on single values.

    Parameters
    ----------
    rule
        Function from SQL expressions to an SQL expression.
    values
        One value per parameter of the rule; None is NULL.

    Returns
    -------
    Any
        What the expression gives, as Python sees it. Each thread has a connection of its own, which keeps nothing.
    """
    columns = [f"v{number}" for number in range(len(values))]
    # Literals, not parameters: a first parameter makes the driver import pandas, a second of every process.
    given = ", ".join(
        f"CAST({'NULL' if value is None else literal(str(value))} AS VARCHAR) AS {column}"
        for column, value in zip(columns, values, strict=True)
    )
    query = f"SELECT {rule(*columns)} FROM (SELECT {given})"
    return _connection().execute(query).fetchall()[0][0]


def evaluate_each(rule: Rule, words: Iterable[str]) -> dict[str, Any]:
    """Run `rule` on many words in one query and return each with its answer."""
    listed = ", ".join(f"({literal(word)})" for word in words)
    return dict(_connection().execute(f"SELECT word, {rule('word')} FROM (VALUES {listed}) AS given (word)").fetchall())


def _connection() -> duckdb.DuckDBPyConnection:
    if not hasattr(_local, "con"):
        _local.con = duckdb.connect(":memory:", config={"threads": 1})
    con: duckdb.DuckDBPyConnection = _local.con
    return con
