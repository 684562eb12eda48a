"""Asks every rule of every record: `record_check`, `blanked_value` and `rule_result`.

A condition that reads one table only is asked there, before anything is joined; what needs several is asked of `evidence`. Records that fail
nothing, most of them, are left behind by the WHERE clause. All that one record fails is one text, for what each such text means is worked
out once: there are few, however many records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipeline.check.rules import Check, checks, load_rules, names_used
from pipeline.errors import SanaqError
from pipeline.identifiers.sql import make_table
from pipeline.sql import Workbench, quoted, step_failed

HERE = Path(__file__).resolve().parent
# where a condition is asked: the first that has all its columns
PLACES = ("answers", "identity", "record", "evidence")
# stands between codes; no text from the field holds it
SEPARATOR = "chr(31)"
CHECK_LIST = {
    "check_no": "INTEGER",
    "rule_id": "VARCHAR",
    "severity": "VARCHAR",
    "blanks": "VARCHAR[]",
    "keep_value": "BOOLEAN",
}


def run(bench: Workbench) -> None:
    """Make the three tables of the record rules."""
    asked = ask(bench.con)
    queries = {"record_check": None, "rule_result": None, "blanked_value": blanked_values(bench.con, asked)}
    bench.side_by_side(lambda beside, table: beside.write(table, queries[table]), queries)


def ask(con: duckdb.DuckDBPyConnection) -> list[Check]:
    """Ask every check of every record.

    Makes the relations `evidence`, `check_list` (what was asked), `failed` (record_id, failures: every readable record, and the numbers of all
    it fails as one text) and `combination` (failures, check_no: what each such text says).

    Returns
    -------
    list of Check
        What was asked; `check_no` is the position.

    Raises
    ------
    BadReferenceFile
        A rule is not well written.
    StepFailed
        The engine refused a condition.
    """
    _find_placeholders(con)
    con.execute(f"CREATE OR REPLACE VIEW evidence AS {(HERE / 'evidence.sql').read_text(encoding='utf-8')}")
    columns = {place: columns_of(con, place) for place in PLACES}
    asked = checks(load_rules(known=columns["evidence"]), _coded_columns(con, columns["identity"] | columns["answers"]))
    _list_checks(con, asked)
    placed: dict[str, list[int]] = {place: [] for place in PLACES}
    for number, check in enumerate(asked):
        used = names_used(check.condition)
        placed[next(place for place in PLACES if used <= columns[place])].append(number)
    for place, numbers in placed.items():
        _note_failures(con, place, {number: asked[number].condition for number in numbers})
    _gather_failures(con)
    return asked


def blanked_values(con: duckdb.DuckDBPyConnection, asked: Iterable[Check]) -> str:
    """Return the query for every value taken out, naming only columns in which something was."""
    rows = con.execute(
        "SELECT DISTINCT unnest(blanks) AS name FROM combination INNER JOIN check_list USING (check_no) ORDER BY name"
    ).fetchall()
    kept = {column for check in asked if check.keep_value for column in check.blanks}
    names = [row[0] for row in rows if row[0] in kept]
    cases = "".join(f" WHEN {quoted(name)} THEN CAST({name} AS VARCHAR)" for name in names)
    value = f"CASE WHEN keep_value THEN CASE column_name{cases} END END" if names else "CAST(NULL AS VARCHAR)"
    return (HERE / "blanked_value.sql").read_text(encoding="utf-8").replace("'raw_value'", value)


def _note_failures(con: duckdb.DuckDBPyConnection, place: str, conditions: dict[int, str]) -> None:
    con.execute(f"CREATE OR REPLACE TABLE {place}_failed (record_id VARCHAR, failures VARCHAR)")
    if not conditions:
        return
    numbers = ",\n".join(f"CASE WHEN {condition} THEN ' {number}' END" for number, condition in conditions.items())
    anything = "\nOR ".join(f"({condition})" for condition in conditions.values())
    readable = "answers_sha256 IS NOT NULL AND " if place == "record" else ""
    try:
        con.execute(
            f"INSERT INTO {place}_failed SELECT record_id, concat({numbers}) FROM {place} WHERE {readable}({anything})"
        )
    except duckdb.Error as error:
        raise _refused(con, place, conditions) or step_failed(error, f"check: rules asked of {place}") from None


def _gather_failures(con: duckdb.DuckDBPyConnection) -> None:
    failures = ", ".join(f"{place}_failed.failures" for place in PLACES)
    joins = " ".join(f"LEFT JOIN {place}_failed USING (record_id)" for place in PLACES)
    con.execute(
        f"CREATE OR REPLACE TABLE failed AS SELECT identity.record_id, concat({failures}) AS failures FROM identity {joins}"
    )
    con.execute(
        "CREATE OR REPLACE TABLE combination AS "
        "SELECT failures, CAST(unnest(string_split(ltrim(failures), ' ')) AS INTEGER) AS check_no "
        "FROM (SELECT DISTINCT failures FROM failed WHERE failures <> '')"
    )


def _refused(con: duckdb.DuckDBPyConnection, place: str, conditions: dict[int, str]) -> SanaqError | None:
    """Name the first rule the engine cannot bind, if that is what is wrong."""
    for number, condition in conditions.items():
        try:
            con.execute(f"EXPLAIN SELECT record_id FROM {place} WHERE {condition}").fetchall()
        except duckdb.Error as error:
            rule = con.execute(f"SELECT rule_id FROM check_list WHERE check_no = {number}").fetchall()[0][0]
            return step_failed(error, f"expectations/rules.yaml: {rule}")
    return None


def _find_placeholders(con: duckdb.DuckDBPyConnection) -> None:
    """Ask once per spelling whether it stands for an unknown name: there are far fewer spellings than people."""
    con.execute(
        "CREATE OR REPLACE TABLE placeholder AS "
        "WITH spelling AS (SELECT family_name AS raw FROM identity UNION SELECT given_name FROM identity) "
        "SELECT raw AS name FROM name_keys('spelling') WHERE is_placeholder"
    )


def _list_checks(con: duckdb.DuckDBPyConnection, asked: list[Check]) -> None:
    make_table(
        con, "check_list", ({"check_no": number, **vars(check)} for number, check in enumerate(asked)), CHECK_LIST
    )


def columns_of(con: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    return {row[0] for row in con.execute(f"DESCRIBE {relation}").fetchall()}


def _coded_columns(con: duckdb.DuckDBPyConnection, columns: set[str]) -> dict[str, str]:
    """Return, for every coded column, the condition that its value is one of its codes.

    A text is looked for in the list of codes written as one text: that the engine does once per distinct value, comparisons once per row,
    which takes ten times longer.
    """
    rows = con.execute(
        "SELECT v.variable, v.type, list(c.code ORDER BY c.code) FROM ref_variable AS v INNER JOIN ref_code AS c USING (code_list) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return {name: _is_a_code(name, kind, codes) for name, kind, codes in rows if name in columns}


def _is_a_code(name: str, kind: str, codes: list[str]) -> str:
    if kind == "integer":
        numbers = sorted(int(code) for code in codes)
        gapless = numbers == list(range(numbers[0], numbers[-1] + 1))
        return f"{name} BETWEEN {numbers[0]} AND {numbers[-1]}" if gapless else f"{name} IN {tuple(numbers)}"
    if kind == "list":
        one = f"({'|'.join(re.escape(code) for code in codes)})"
        pattern = quoted(rf"({one}(\x1f{one})*)?")
        return f"regexp_full_match(array_to_string({name}, {SEPARATOR}), {pattern})"
    among = f" || {SEPARATOR} || ".join(quoted(code) for code in codes)
    return f"contains({SEPARATOR} || {among} || {SEPARATOR}, {SEPARATOR} || {name} || {SEPARATOR})"
