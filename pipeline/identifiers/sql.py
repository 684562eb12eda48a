"""The one way a rule becomes usable: an SQL expression, registered as a macro and asked from Python.

Every rule on a number or a name is written once, as a function that takes an SQL expression and returns an SQL expression. `register`
makes a macro of it; `evaluate` runs the very same text on one value. There is nothing to keep in step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Any

import duckdb

Rule = Callable[..., str]

_local = threading.local()


def literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def create_macro(con: duckdb.DuckDBPyConnection, name: str, rule: Rule, *parameters: str) -> None:
    """Register `rule` on `con` as a scalar macro with the given parameter names."""
    con.execute(f"CREATE OR REPLACE MACRO {name}({', '.join(parameters)}) AS {rule(*parameters)}")


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


def evaluate_each(rule: Rule, words: Collection[str]) -> set[str]:
    """Run `rule` on many words in one query and return the different answers."""
    listed = ", ".join(f"({literal(word)})" for word in words)
    rows = _connection().execute(f"SELECT {rule('word')} FROM (VALUES {listed}) AS given (word)").fetchall()
    return {row[0] for row in rows}


def _connection() -> duckdb.DuckDBPyConnection:
    if not hasattr(_local, "con"):
        _local.con = duckdb.connect(":memory:", config={"threads": 1})
    con: duckdb.DuckDBPyConnection = _local.con
    return con
