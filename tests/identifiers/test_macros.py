"""The macros are the rules: SQL over a column and Python on one value give the same."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipeline import identifiers
from pipeline.errors import StepFailed
from pipeline.identifiers import names
from pipeline.identifiers.sql import evaluate, make_table

WORDS = [
    "Серікұлы",
    "Сериковa",
    "Нұр - Сұлтан",
    "Lyazzat",
    "Мұхамбетжанов",
    "Н/Д",
    "",
    None,
    "О'Нил",
    "901123300258",
    "473630100",
]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with every macro."""
    with duckdb.connect() as connection:
        identifiers.register(connection)
        connection.execute("CREATE TABLE word (no INTEGER, t VARCHAR)")
        connection.executemany("INSERT INTO word VALUES (?, ?)", list(enumerate(WORDS)))
        yield connection


@pytest.mark.parametrize(
    ("macro", "rule"), [(name, rule) for name, rule, parameters in identifiers.MACROS if len(parameters) == 1]
)
def test_a_macro_over_a_column_gives_what_python_gives(
    con: duckdb.DuckDBPyConnection, macro: str, rule: identifiers.Rule
) -> None:
    found = [row[0] for row in con.execute(f"SELECT {macro}(t) FROM word ORDER BY no").fetchall()]
    assert found == [evaluate(rule, word) for word in WORDS]


def test_all_keys_at_once_are_the_keys_one_by_one(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE written AS SELECT t AS raw FROM word")
    rules = (names.is_placeholder_sql, names.fold_sql, names.family_stem_sql, names.patronymic_stem_sql, names.key_sql)
    one_by_one = f"SELECT t, {', '.join(rule('t') for rule in rules)} FROM word ORDER BY ALL"
    at_once = "SELECT raw, is_placeholder, fold, family_stem, patronymic_stem, name_key FROM name_keys('written') ORDER BY ALL"
    assert con.execute(at_once).fetchall() == con.execute(one_by_one).fetchall()


def test_a_macro_of_two_values(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("SELECT iin_is_neighbour('901123300258', '901123300248')").fetchall() == [(True,)]


def test_registering_twice_is_allowed(con: duckdb.DuckDBPyConnection) -> None:
    identifiers.register(con)


def test_macros_take_expressions(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT patronymic_within(t || ' ' || t) FROM word WHERE no = 0"
    assert con.execute(query).fetchall() == [("СЕРІКҰЛЫ",)]


def test_macros_work_inside_joins_and_filters(con: duckdb.DuckDBPyConnection) -> None:
    query = (
        "SELECT a.t FROM word AS a JOIN word AS b ON given_alone(a.t) = given_alone(b.t) WHERE iin_is_well_formed(a.t)"
    )
    assert con.execute(query).fetchall() == [("901123300258",)]


@pytest.mark.parametrize("value", ["zz", 2**40])
def test_a_table_of_rows_refuses_what_is_not_of_its_type_and_quotes_nothing(
    con: duckdb.DuckDBPyConnection, value: object
) -> None:
    make_table(con, "given", [{"count": 7}, {}], {"count": "INTEGER"})
    assert con.execute("FROM given").fetchall() == [(7,), (None,)]
    with pytest.raises(StepFailed) as refused:
        make_table(con, "given", [{"count": value}], {"count": "INTEGER"})
    assert str(value) not in str(refused.value)
