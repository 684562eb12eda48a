"""Disclosure control of a release: what is said of every person is less where it would say something of few.

Two things are done to the rows of `release_row`, in every population (release_row.sql) by itself:

1. *Closing*: a value of a column held by too few persons, by too few institutions or mostly by one is not told, in the tables and in the rows
   alike, so that neither gives away the other. Where the closed values of a column would be known as a small remainder of those who were asked,
   the smallest open ones are closed too. Of a list all its codes together are the value.
2. *Coarsening*: people who are too few to look alike in group, district, sex and age are told without their year of birth, then without the
   five-year group, the district, the age and the sex, with enough neighbours that those who lost it are not few either.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipeline.publish.assemble import keep, run_sql
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
LEVELS = range(1, 6)
# The same in every release: the same people get the same noise.
RECORD_KEY = "CAST('0x' || left(keyed_id('record key ' || known.person_id), 2) AS INTEGER)"


def withhold(bench: Workbench, variables: Sequence[Released]) -> None:
    """Make what the tables of a release are read from: `release_population`, `release_cell`, `release_shown` and `release_class`."""
    keep(bench, "TABLE", "release_row")
    keep(bench, "TABLE", "release_population")
    try:
        _count_sites(bench, variables)
        _close(bench)
        _show(bench)
        _coarsen(bench)
    except duckdb.Error as error:
        raise step_failed(error, "publish/withhold.py") from None


def _count_sites(bench: Workbench, variables: Sequence[Released]) -> None:
    bench.con.execute(
        "CREATE OR REPLACE TEMP TABLE release_cell_site (population UBIGINT, column_name VARCHAR, value VARCHAR, "
        "institution UBIGINT, is_s3 BOOLEAN, is_asked BOOLEAN, person_count BIGINT, min_count INTEGER)"
    )
    for name in COUNTED:
        bench.con.execute(_site_sql(name, "TRUE", "max(min_count)"))
    for variable in variables:
        least = "(SELECT max(min_class_count) FROM disclosure)"
        bench.con.execute(_site_sql(variable.name, variable.asked_if, least))


def _site_sql(name: str, asked_if: str, least: str) -> str:
    return f"""INSERT INTO release_cell_site
SELECT population, '{name}', CAST({name} AS VARCHAR), institution, is_s3, is_asked, count(*), {least}
FROM (
    SELECT *, {name} IS NOT NULL OR COALESCE({asked_if}, FALSE) AS is_asked
    FROM (SELECT *, is_answered_by_proxy AS is_proxy FROM release_row)
)
GROUP BY population, {name}, institution, is_s3, is_asked"""


def _close(bench: Workbench) -> None:
    keep(bench, "TABLE", "release_cell")
    _until_nothing(bench, "release_close")


def _show(bench: Workbench) -> None:
    """The rows without what is closed; a district that is closed or not known is the region."""
    closed = [
        name
        for (name,) in bench.con.execute(
            "SELECT DISTINCT column_name FROM release_cell WHERE is_closed AND value IS NOT NULL ORDER BY column_name"
        ).fetchall()
    ]
    values = "".join(
        f",\n    list(value ORDER BY value) FILTER (WHERE column_name = '{name}') AS {name}" for name in closed
    )
    bench.con.execute(f"""CREATE OR REPLACE TEMP TABLE release_closed AS
SELECT population{values}
FROM release_population
LEFT JOIN (FROM release_cell WHERE is_closed AND value IS NOT NULL) USING (population)
GROUP BY population""")
    told = {name: _told(name) for name in closed}
    district = f"COALESCE({told.get('district_kato', 'known.district_kato')}, round.region_kato)"
    told["district_kato"] = district
    leaf = f"hash(known.population, {district}, known.sex, known.age_band, known.age_group, known.birth_year)"
    key = f", {RECORD_KEY} AS record_key" if bench.round.disclosure.perturbation.is_on else ""
    replaced = ", ".join(f"{expression} AS {name}" for name, expression in told.items())
    bench.con.execute(f"""CREATE OR REPLACE TEMP VIEW release_shown AS
SELECT known.* REPLACE ({replaced}), round.region_kato, {leaf} AS leaf{key}
FROM release_row AS known
JOIN release_closed AS closed ON closed.population = known.population
CROSS JOIN round""")


def _told(name: str) -> str:
    return f"CASE WHEN list_contains(closed.{name}, CAST(known.{name} AS VARCHAR)) THEN NULL ELSE known.{name} END"


def _coarsen(bench: Workbench) -> None:
    keep(bench, "TABLE", "release_leaf")
    keep(bench, "TABLE", "release_class")
    for level in LEVELS:
        bench.con.execute(f"SET VARIABLE level_no = {level}")
        run_sql(bench, "release_push")
        _until_nothing(bench, "release_pull")
    _until_nothing(bench, "release_empty_district")


def _until_nothing(bench: Workbench, update: str) -> None:
    """Run an update until it changes no row any more."""
    while run_sql(bench, update)[0][0]:
        pass
