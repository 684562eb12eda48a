"""Disclosure control of a release: what is said of every person is less where it would say something of few.

Two things are done to the rows of `release_row`, in every population (release_row.sql) by itself:

1. *Closing*: a value of a column held by too few persons, by too few institutions or mostly by one is not told, in the tables and in the rows
   alike, so that neither gives away the other. Where the closed values of a column would be known as a small remainder of those who were asked,
   the smallest open ones are closed too. Of a list all its codes together are the value.
2. *Coarsening*: people who are too few to look alike in group, district, sex and age are told without their year of birth, then without the
   five-year group, the district, the age and the sex, with enough neighbours that those who lost it are not few either. Who lost something in
   the release in force does not get it back.

An answer speaks of what it was asked by: who has a reason for not working does not work. So an answer is *silent* where that is not told, and
its values are closed among those of whom it may speak. First the columns are closed that tables count by, then people are coarsened, then
answers are closed, each after those it was asked by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import duckdb

from pipeline.publish.assemble import keep, run_sql, sql_text, until_nothing
from pipeline.publish.variables import Released
from pipeline.sql import Workbench, step_failed

# Besides the answers; tables count by them.
COUNTED = (
    "district_kato",
    "mode",
    "basis",
    "is_present",
    "is_answered_by_proxy",
    "has_no_iin",
    "has_several_records",
    "has_filled_fields",
)
# Answers that say again where somebody lives and was: a guest is here for a time, for a short one, and has a home elsewhere.
SAID_AGAIN = dict.fromkeys(
    (
        "position_in_institution",
        "residence_status",
        "presence_reason",
        "stay_duration",
        "stay_to_year",
        "has_other_home",
    ),
    frozenset({"basis", "is_present"}),
)
LEVELS = range(1, 6)
# From which level of a class on it is not told.
UNTOLD_FROM = {"birth_year": 2, "age_completed": 5, "sex": 6}
# The same in every release: the same people get the same noise.
RECORD_KEY = "CAST('0x' || left(keyed_id('record key ' || known.person_id), 2) AS INTEGER)"


def withhold(bench: Workbench, variables: Sequence[Released]) -> None:
    """Make what the tables of a release are read from: `release_population`, `release_cell` and `release_shown`."""
    keep(bench, "TABLE", "release_row")
    keep(bench, "TABLE", "release_population")
    try:
        bench.con.execute(
            "CREATE OR REPLACE TEMP TABLE release_cell "
            "(population UBIGINT, column_name VARCHAR, value VARCHAR, person_count BIGINT, is_closed BOOLEAN)"
        )
        closed = _close(bench, [_site_sql(name, "max(min_count)") for name in COUNTED])
        _coarsen(bench, closed)
        spoken_of = _spoken_of(variables)
        silent: dict[str, str] = {}
        for wave in _waves(variables, spoken_of):
            silent |= {each.name: _silent_where(each.name, spoken_of[each.name], closed, silent) for each in wave}
            closed = _close(bench, [_answer_sql(each, spoken_of[each.name], silent[each.name]) for each in wave])
        _show(bench, closed, silent)
    except duckdb.Error as error:
        raise step_failed(error, "publish/withhold.py") from None


def _spoken_of(variables: Iterable[Released]) -> dict[str, set[str]]:
    """Return by answer what it speaks of: what it was asked by, of the answers those before it, and what it says again."""
    found: dict[str, set[str]] = {}
    for variable in variables:
        asked_by = set(re.findall(r"\w+", variable.asked_if.replace("is_proxy", "is_answered_by_proxy")))
        told = {*COUNTED, *UNTOLD_FROM, *found}
        found[variable.name] = asked_by & told | SAID_AGAIN.get(variable.name, frozenset())
        if variable.name.endswith("_year"):  # whoever never moved lives here since the year of birth
            found[variable.name].add("birth_year")
    return found


def _waves(variables: Sequence[Released], spoken_of: Mapping[str, set[str]]) -> Iterator[list[Released]]:
    """Yield the answers, each after those it speaks of."""
    left = {variable.name: variable for variable in variables}
    while left:
        wave = [variable for name, variable in left.items() if not spoken_of[name] & left.keys()]
        yield wave
        left = {name: variable for name, variable in left.items() if variable not in wave}


def _silent_where(name: str, spoken_of: set[str], closed: set[str], silent: Mapping[str, str]) -> str:
    """Return in SQL where an answer is silent, or nothing."""
    untold = [f"class.level_no >= {level}" for what, level in UNTOLD_FROM.items() if what in spoken_of]
    untold += [_is_closed(what) for what in sorted(spoken_of & closed)]
    untold += [silent[what] for what in sorted(spoken_of & silent.keys())]
    return " OR ".join(dict.fromkeys(filter(None, untold)))


def _answer_sql(variable: Released, spoken_of: set[str], silent: str) -> str:
    least = "max(min_count)" if spoken_of.intersection(COUNTED) else "(SELECT max(min_class_count) FROM disclosure)"
    return _site_sql(variable.name, least, variable.asked_if, silent)


def _site_sql(name: str, least: str, asked_if: str = "TRUE", silent: str = "") -> str:
    source = "release_row AS known"
    if silent:
        source = f"""release_alike AS known
    JOIN release_class AS class USING (leaf)
    JOIN release_closed AS closed ON closed.population = known.population
    WHERE NOT ({silent})"""
    return f"""INSERT INTO release_cell_site
SELECT population, '{name}', CAST({name} AS VARCHAR), institution, is_s3, is_asked, count(*), {least}
FROM (
    SELECT *, {name} IS NOT NULL OR COALESCE({asked_if}, FALSE) AS is_asked
    FROM (SELECT known.*, known.is_answered_by_proxy AS is_proxy FROM {source})
)
GROUP BY population, {name}, institution, is_s3, is_asked"""


def _close(bench: Workbench, counted: Iterable[str]) -> set[str]:
    """Close values of some more columns; return the names of all that have closed ones, which `release_closed` lists."""
    bench.con.execute(
        "CREATE OR REPLACE TEMP TABLE release_cell_site (population UBIGINT, column_name VARCHAR, value VARCHAR, "
        "institution UBIGINT, is_s3 BOOLEAN, is_asked BOOLEAN, person_count BIGINT, min_count INTEGER)"
    )
    for query in counted:
        bench.con.execute(query)
    bench.con.execute(f"INSERT INTO release_cell {sql_text('release_cell')}")
    run_sql(bench, "release_stay_closed")
    until_nothing(bench, "release_close")
    found = bench.con.execute(
        "SELECT DISTINCT column_name FROM release_cell WHERE is_closed AND value IS NOT NULL ORDER BY column_name"
    ).fetchall()
    values = "".join(
        f",\n    list(value ORDER BY value) FILTER (WHERE column_name = '{name}') AS {name}" for (name,) in found
    )
    bench.con.execute(f"""CREATE OR REPLACE TEMP TABLE release_closed AS
SELECT population{values}
FROM release_population
LEFT JOIN (FROM release_cell WHERE is_closed AND value IS NOT NULL) USING (population)
GROUP BY population""")
    return {name for (name,) in found}


def _is_closed(name: str) -> str:
    return f"COALESCE(list_contains(closed.{name}, CAST(known.{name} AS VARCHAR)), FALSE)"


def _coarsen(bench: Workbench, closed: set[str]) -> None:
    """Make the classes of people who look alike; a district that is closed or not known is the region."""
    district = f"COALESCE({_told('district_kato', closed)}, round.region_kato)"
    leaf = f"hash(known.population, {district}, known.sex, known.age_band, known.age_group, known.birth_year, known.least_level)"
    bench.con.execute(f"""CREATE OR REPLACE TEMP VIEW release_alike AS
SELECT known.* REPLACE ({district} AS district_kato), round.region_kato, {leaf} AS leaf
FROM release_row AS known
JOIN release_closed AS closed ON closed.population = known.population
CROSS JOIN round""")
    keep(bench, "TABLE", "release_leaf")
    keep(bench, "TABLE", "release_class")
    for level in LEVELS:
        bench.con.execute(f"SET VARIABLE level_no = {level}")
        run_sql(bench, "release_keep_level")
        run_sql(bench, "release_push")
        until_nothing(bench, "release_pull")
    until_nothing(bench, "release_empty_district")


def _show(bench: Workbench, closed: set[str], silent: Mapping[str, str]) -> None:
    """The rows with the level of their class, without what is closed or silent."""
    told = {name: _told(name, closed, silent) for name in sorted({*closed, *filter(silent.get, silent)})}
    told.pop("district_kato", None)
    replaced = ", ".join(f"{expression} AS {name}" for name, expression in told.items())
    key = f", {RECORD_KEY} AS record_key" if bench.round.disclosure.perturbation.is_on else ""
    bench.con.execute(f"""CREATE OR REPLACE TEMP VIEW release_shown AS
SELECT known.* REPLACE ({replaced}), class.level_no{key}
FROM release_alike AS known
JOIN release_class AS class USING (leaf)
JOIN release_closed AS closed ON closed.population = known.population""")


def _told(name: str, closed: set[str], silent: Mapping[str, str] | None = None) -> str:
    untold = [(silent or {}).get(name, ""), _is_closed(name) if name in closed else ""]
    hidden = " OR ".join(filter(None, untold))
    return f"CASE WHEN NOT ({hidden}) THEN known.{name} END" if hidden else f"known.{name}"
