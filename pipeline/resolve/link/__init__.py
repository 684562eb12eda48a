"""Probabilistic linkage of any table of people, Cyrillic or Latin: `link`.

The road: what was handed in is taken apart (`told`), names and places are folded (`spelling`, `record`), records that share a block become
candidates (`block`, `candidate`), those that may be one person by a model (`likely`), or all where one is to be fitted (`training.py`), are
compared field by field (`likeness`, `compared`), pairs are weighed (`weighed`) and people made of them (`grouping.py`).

The model is that of Fellegi and Sunter, as Splink has it, and knows families besides; `benchmarks/link.py` holds both against one another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from math import log2
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from pipeline import identifiers
from pipeline.errors import InputUnusable
from pipeline.resolve.link.grouping import group
from pipeline.resolve.link.model import KIN, LEVELS, SHIPPED, Model, read_model
from pipeline.resolve.link.training import fit
from pipeline.settings import load_settings
from pipeline.sql import quoted, step_failed

FOLDER = Path(__file__).resolve().parent
COLUMNS = (
    "record_id", "full_name", "family_name", "given_name", "patronymic", "sex", "birth_date", "national_id", "place_code", "place_name",
)  # fmt: skip


Told = Callable[[str], None]


@dataclass(frozen=True)
class Linkage:
    """What came of a linkage: counts, and the model it was made with."""

    records: int
    persons: int
    candidate_pairs: int
    linked_pairs: int
    model: Model


def link(table: pa.Table, model: Model | None = None) -> pa.Table:
    """Say which records are one person.

    Parameters
    ----------
    table
        Any of the columns of `COLUMNS`, text or nothing, `record_id` among them and unique; further columns are ignored.
    model
        The model to judge by. Without one a model is fitted to the table, with the shipped one as what is known before.

    Returns
    -------
    pa.Table
        `record_id` and `person_id` of every record, in order of `record_id`. A person is named by the lowest of its record ids, so that the
        same records get the same persons in whatever order they come.

    Raises
    ------
    InputUnusable
        There is no `record_id`, or it is empty or repeated.
    """
    with closing(_connect()) as con:
        con.register("source", table)
        find_people(con, model)
        return con.sql("FROM linked ORDER BY record_id").to_arrow_table()


def link_file(source: Path, target: Path, model: Model | None = None, told: Told = lambda _: None) -> Linkage:
    """Do the same from one Parquet file to another; what does not fit into memory is spilled beside the second.

    Raises
    ------
    InputUnusable
        `source` is no Parquet file, or not such a table, or would be written over.
    """
    if target.exists() and target.samefile(source):
        raise InputUnusable(
            "the result would be written over it", where=str(source), todo="Name another file for the result."
        )
    part = target.with_name(f".{target.name}.part")
    with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as spill, closing(_connect(spill)) as con:
        try:
            con.execute(f"CREATE TEMP VIEW source AS FROM read_parquet({quoted(str(source))})")
        except duckdb.Error:
            raise _unusable("it is no Parquet file", str(source)) from None
        linkage = find_people(con, model, told)
        con.execute(f"COPY (FROM linked ORDER BY record_id) TO {quoted(str(part))} (FORMAT parquet)")
        part.replace(target)
    return linkage


def find_people(con: duckdb.DuckDBPyConnection, model: Model | None = None, told: Told = lambda _: None) -> Linkage:
    """Make the table `linked(record_id, person_id)` of the relation `source` of `con`, and the tables on the way there.

    Parameters
    ----------
    told
        Is told what begins, for whoever waits.
    """
    told("folding names")
    _take_in(con)
    identifiers.register(con)
    _run(con, "likeness")
    _make(con, "told", "spelling", "record")
    _run(con, "compared")
    _run(con, "random_pair")
    told("looking for candidates")
    _make(con, "block", "candidate")
    con.execute("DROP TABLE block")
    told("comparing")
    if model is None:
        _compare(con, "candidate")
        told("fitting a model")
        model = fit(con, read_model(load_settings().reference / SHIPPED))
        _lay_out(con, model)
    else:
        _lay_out(con, model)
        _make(con, "likely")
        _compare(con, "likely")
    told("weighing")
    _make(con, "weighed")
    told("making people")
    _group(con)
    counts = con.execute(
        "SELECT (SELECT count(*) FROM record), (SELECT count(DISTINCT person_id) FROM linked), "
        "(SELECT count(*) FROM candidate), (SELECT count(*) FROM weighed)"
    ).fetchall()[0]
    records, persons, candidates, links = counts
    return Linkage(records, persons, candidates, links, model)


def _connect(spill: str = "") -> duckdb.DuckDBPyConnection:
    settings = load_settings()
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "temp_directory": spill,
    }
    con = duckdb.connect(":memory:", config=config)
    con.execute("SET enable_progress_bar = false")
    return con


def _take_in(con: duckdb.DuckDBPyConnection) -> None:
    """Make `handed_in` of `source`: every column of the contract as text, what is blank or not there as NULL."""
    there = {row[0] for row in con.execute("DESCRIBE source").fetchall()}
    if "record_id" not in there:
        raise _unusable("it has no column record_id", "record_id")
    columns = ", ".join(
        f"nullif(trim(CAST({name} AS VARCHAR)), '') AS {name}" if name in there else f"NULL::VARCHAR AS {name}"
        for name in COLUMNS
    )
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE handed_in AS SELECT {columns} FROM source")
    except duckdb.Error as error:
        raise step_failed(error, "resolve/link/handed_in") from None
    records, named, distinct = con.execute(
        "SELECT count(*), count(record_id), count(DISTINCT record_id) FROM handed_in"
    ).fetchall()[0]
    if named < records:
        raise _unusable(f"{records - named} of {records} records have no record_id", "record_id")
    if distinct < records:
        raise _unusable(f"{records - distinct} of {records} records repeat a record_id", "record_id")


def _lay_out(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make macros of the model: what each level of a field weighs, and what an equal value adds by how rare it is."""
    records = con.execute("SELECT count(*) FROM record").fetchall()[0][0]
    weights = {
        **{name: model.weights(name) for name in LEVELS},
        **{f"kin_{name}": model.kin_weights(name) for name in KIN},
    }
    macros = {
        "one_person_weight()": f"{log2(model.odds(model.pairs_per_record, records))!r}::DOUBLE",
        "one_family_weight()": f"{log2(model.odds(model.kin_per_record, records))!r}::DOUBLE",
        **{f"{name}_weight(level)": f"({each!r}::DOUBLE[])[level + 1]" for name, each in weights.items()},
        **{f"{name}_rarity(seen)": f"rarity(seen, {records}, {model.u[name][0]!r}::DOUBLE)" for name in LEVELS},
    }
    for name, formula in macros.items():
        con.execute(f"CREATE OR REPLACE TEMP MACRO {name} AS {formula}")


def _compare(con: duckdb.DuckDBPyConnection, pairs: str) -> None:
    """Make `pair` of a table of pairs, field by field."""
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE pair AS FROM compared({quoted(pairs)})")
    except duckdb.Error as error:
        raise step_failed(error, "resolve/link/compared.sql") from None


def _group(con: duckdb.DuckDBPyConnection) -> None:
    """Make `linked` of `weighed`."""
    links = con.execute("SELECT a_no, b_no FROM weighed ORDER BY weight DESC, a_no, b_no").fetchall()
    faces = con.execute(
        "WITH linked AS (SELECT a_no AS no FROM weighed UNION SELECT b_no FROM weighed) "
        "SELECT no, iin, given FROM record SEMI JOIN linked USING (no) WHERE iin IS NOT NULL"
    ).fetchall()
    person = group(links, {no: (number, given) for no, number, given in faces})
    con.register(
        "person",
        pa.table({"no": pa.array(person.keys(), pa.int64()), "first_no": pa.array(person.values(), pa.int64())}),
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE linked AS SELECT record.record_id, COALESCE(lowest.record_id, record.record_id) AS person_id "
        "FROM record LEFT JOIN person USING (no) LEFT JOIN record AS lowest ON person.first_no = lowest.no"
    )
    con.unregister("person")


def _make(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Keep the rows of each query under its name."""
    for name in names:
        _run(con, name, f"CREATE OR REPLACE TEMP TABLE {name} AS ")


def _run(con: duckdb.DuckDBPyConnection, name: str, before: str = "") -> None:
    try:
        con.execute(before + (FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
    except duckdb.Error as error:
        raise step_failed(error, f"resolve/link/{name}.sql") from None


def _unusable(what: str, where: str) -> InputUnusable:
    return InputUnusable(
        what,
        where=where,
        todo="Hand in a Parquet file with a unique record_id and any of the other columns of docs/formats.md, as text.",
    )
