"""Expected persons, coverage, quality and discrepancies: what should be there, what is, and who has to do something about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb

from pipeline.count import kinds
from pipeline.count.estimates import Cell, Pair, content_rows, estimate_rows
from pipeline.count.forecasts import Pace, forecast_rows
from pipeline.count.heaping import Limits, heaping_rows
from pipeline.count.interviews import told_query
from pipeline.count.ledger_check import lines_landed, require_balance
from pipeline.count.nonresponse import Variable, nonresponse_query
from pipeline.count.zero_returns import SilentCategory, zero_return_rows
from pipeline.errors import BadDecision
from pipeline.identifiers.sql import make_table
from pipeline.sql import Workbench, step_failed

HERE = Path(__file__).resolve().parent
LANDED = {"batch_id": "VARCHAR", "line_count": "BIGINT"}
LATE = {"route": "VARCHAR", "institution_id": "VARCHAR", "received_at": "VARCHAR", **LANDED}
SIGNED = {
    "line_no": "BIGINT",
    "institution_id": "VARCHAR",
    "present_count": "BIGINT",
    "usual_count": "BIGINT",
    "act": "VARCHAR",
    "decided_at": "VARCHAR",
}
FROZEN = {
    "institution_id": "VARCHAR",
    "expected_present_count": "INTEGER",
    "expected_usual_count": "INTEGER",
    "grade": "VARCHAR",
}


def run(bench: Workbench) -> None:
    """Make every table of the step; a ledger that does not balance ends the build before anything is counted.

    Raises
    ------
    LedgerUnbalanced
        Records received and records accounted for differ.
    """
    require_ledger(bench)
    register_closing(bench)
    bench.side_by_side(_make, STRANDS)
    make_discrepancies(bench)


def register_closing(bench: Workbench) -> None:
    """Register what the decision that closed the round froze, `frozen_expected`, and what came after it, `late_batch`; both are empty while it is open."""
    make_table(bench.con, "frozen_expected", bench.closing["expected"] if bench.closing else [], FROZEN)
    lines = {row["batch_id"]: row for row in lines_landed(bench.late_batches)}
    late = [{**batch, **lines.get(batch["batch_id"], {})} for batch in bench.late_batches]
    make_table(bench.con, "late_batch", late, LATE)


def require_ledger(bench: Workbench) -> None:
    """Write ledger and intake and hold both against what was landed and read.

    Raises
    ------
    LedgerUnbalanced
        A record received is in no state, in two, or in one nobody knows.
    """
    make_table(bench.con, "landed", lines_landed(bench.batches), LANDED)
    bench.side_by_side(Workbench.write, ("ledger", "intake"))
    require_balance(_rows(bench, "unbalanced"))


def make_expected(bench: Workbench) -> None:
    """Write how many people there should have been."""
    bench.write("expected")


def make_coverage(bench: Workbench) -> None:
    """Write the coverage tables; categories, districts and the region are sums of the institutions. Forecast and estimate stand beside."""
    bench.write("coverage_institution")
    _keep(bench, "coverage_total")
    for table in ("coverage_category", "coverage_district", "coverage_region", "coverage_mode", "coverage_daily"):
        bench.write(table)
    _write_rows(bench, "coverage_forecast", forecast_rows(Pace(*row) for row in _rows(bench, "pace")))
    silent = (SilentCategory(*row) for row in _rows(bench, "silent_category"))
    _write_rows(bench, "coverage_zero_return", zero_return_rows(silent))


def make_sign_off(bench: Workbench) -> None:
    """Write what the heads signed beside what is counted.

    Raises
    ------
    BadDecision
        A line of `decisions/sign_off.jsonl` is no signature.
    """
    lines = bench.lake.decided("sign_off", bench.as_of)
    for number, line in enumerate(lines, 1):
        lacking = sorted(SIGNED.keys() - line.keys() - {"line_no"})
        if lacking:
            raise BadDecision(
                f"this signature lacks {', '.join(lacking)}",
                where=f"decisions/sign_off.jsonl, decision {number}",
                todo="Restore the file from the back-up; decisions are only ever appended.",
            )
    make_table(bench.con, "sign_off_line", [{**line, "line_no": no} for no, line in enumerate(lines)], SIGNED)
    bench.write("sign_off")


def make_verification(bench: Workbench) -> None:
    """Write what became of the verification files, and what a second look says of the count; what is left out leaves no figure."""
    _keep(bench, "verification_use")
    bench.write("verification")
    _write_rows(bench, "coverage_estimate", estimate_rows(Cell(*row) for row in _rows(bench, "verified_stratum")))
    _write_rows(bench, "content_error", content_rows(Pair(*row) for row in _rows(bench, "asked_twice")))


def make_control_totals(bench: Workbench) -> None:
    """Write what senders say they had beside what came, and when each tablet was heard; uses of certificates and what batches brought stay for the discrepancies."""
    bench.write("sync_lag")
    bench.write("census_db_search")
    bench.write("census_db_gone")
    _keep(bench, "certificate_use")
    for name in ("came", "control_tablet", "control_bundle", "control_route", "control_certificate"):
        _keep(bench, name)
    bench.write("control_total")
    bench.write("tablet")


def make_interviews(bench: Workbench) -> None:
    """Write `interview`; forms, runs of the same answers and who could be asked stay for the discrepancies."""
    least_answers = int(bench.value("SELECT amber FROM threshold WHERE alert_id = 'identical_answers'"))
    bench.con.execute(f"CREATE OR REPLACE VIEW told AS {told_query(_variables(bench), least_answers)}")
    _keep(bench, "form")
    _keep(bench, "form_run")
    _keep(bench, "askable")
    bench.write("interview")


def make_discrepancies(bench: Workbench) -> None:
    """Gather what register, counts, machinery, interviews and answers show, and judge it by the thresholds of the round."""
    kinds.register(bench.con, kinds.load_kinds(bench.settings.reference / "discrepancies.yaml"))
    _execute(bench, "macros")
    bench.write("unproven_bundle")
    _keep(bench, "awaited")
    findings = ("register", "coverage", "machinery", "interview", "certificate", "verification", "quality")
    bench.side_by_side(_keep, [f"finding_{name}" for name in findings])
    _keep(bench, "matter")
    bench.write("discrepancy")
    bench.write("discrepancy_part")


def make_item_nonresponse(bench: Workbench) -> None:
    """Write `item_nonresponse`; its query is built from the questionnaire."""
    _keep(bench, "counted_answers", as_view=True)
    blanked = {name for (name,) in _rows(bench, "blanked_variable")}
    bench.write("item_nonresponse", query=nonresponse_query(_variables(bench), blanked))


def make_ages(bench: Workbench) -> None:
    """Write the pyramids, and what ages and birth dates say of how they were asked."""
    _execute(bench, "macros")
    _keep(bench, "counted_age")
    bench.write("age_sex")
    limits = Limits(*_rows(bench, "heaping_limit")[0])
    counted = bench.con.execute("FROM counted_age").fetchall()
    _write_rows(bench, "age_heaping", heaping_rows(counted, limits))


# What needs nothing of one another, the dearest first.
STRANDS = (
    (make_interviews,),
    (make_expected, make_coverage, make_sign_off, make_verification),
    (make_control_totals,),
    (make_item_nonresponse,),
    (make_ages,),
)


def _make(bench: Workbench, strand: Iterable[Callable[[Workbench], None]]) -> None:
    for make in strand:
        make(bench)


def _variables(bench: Workbench) -> list[Variable]:
    """Return the questions of the questionnaire."""
    return [Variable(name, asked_if, tuple(declined)) for name, asked_if, declined in _rows(bench, "asked_variable")]


def _write_rows(bench: Workbench, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write a table whose rows Python worked out."""
    types = {name: column.type for name, column in bench.schemas[table].columns.items()}
    make_table(bench.con, f"made_{table}", rows, types)
    bench.write(table, query=f"SELECT * FROM made_{table}")


def _keep(bench: Workbench, name: str, *, as_view: bool = False) -> None:
    """Make `name.sql` a relation of this step alone; it is not written to the lake."""
    _execute(bench, name, f"CREATE OR REPLACE {'VIEW' if as_view else 'TABLE'} {name} AS ")


def _rows(bench: Workbench, name: str) -> list[Any]:
    return _execute(bench, name).fetchall()


def _execute(bench: Workbench, name: str, prefix: str = "") -> duckdb.DuckDBPyConnection:
    try:
        return bench.con.execute(prefix + _sql(name))
    except duckdb.Error as error:
        raise step_failed(error, f"count/{name}.sql") from None


def _sql(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
