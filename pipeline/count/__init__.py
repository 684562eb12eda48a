"""Expected persons, coverage, quality and discrepancies: what should be there, what is, and who has to do something about it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.count import kinds
from pipeline.count.ledger_check import require_balance
from pipeline.count.nonresponse import Variable, nonresponse_query
from pipeline.sql import Workbench, step_failed

HERE = Path(__file__).resolve().parent


def run(bench: Workbench) -> None:
    """Make every table of the step; a ledger that does not balance ends the build before anything is counted.

    Raises
    ------
    LedgerUnbalanced
        Records received and records accounted for differ.
    """
    kinds.register(bench.con, kinds.load_kinds(bench.settings.reference / "discrepancies.yaml"))
    _execute(bench, "macros")
    require_ledger(bench)
    bench.write("expected")
    bench.write("coverage_institution")
    _keep(bench, "coverage_total")
    for table in ("coverage_category", "coverage_district", "coverage_mode", "coverage_daily"):
        bench.write(table)
    bench.write("sync_lag")
    bench.write("control_total")
    for name in ("finding_register", "finding_coverage", "finding_machinery"):
        _keep(bench, name)
    bench.write("discrepancy")
    _keep(bench, "counted_answers", as_view=True)
    bench.write("item_nonresponse", query=nonresponse_query(_variables(bench)))


def require_ledger(bench: Workbench) -> None:
    """Write ledger and intake and hold both against what was landed and read.

    Raises
    ------
    LedgerUnbalanced
        A record received is in no state, in two, or in one nobody knows.
    """
    bench.write("ledger")
    bench.write("intake")
    require_balance(bench.con.execute(_sql("unbalanced")).fetchall())


def _variables(bench: Workbench) -> list[Variable]:
    rows = bench.con.execute(_sql("asked_variable")).fetchall()
    return [Variable(name, asked_if, tuple(declined)) for name, asked_if, declined in rows]


def _keep(bench: Workbench, name: str, *, as_view: bool = False) -> None:
    """Make `name.sql` a relation of this step alone; it is not written to the lake."""
    _execute(bench, name, f"CREATE OR REPLACE TEMP {'VIEW' if as_view else 'TABLE'} {name} AS ")


def _execute(bench: Workbench, name: str, prefix: str = "") -> None:
    try:
        bench.con.execute(prefix + _sql(name))
    except duckdb.Error as error:
        raise step_failed(error, f"count/{name}.sql") from None


def _sql(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
