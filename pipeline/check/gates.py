"""The gates: one query per table writes a profile, Great Expectations judges the profile.

Rows never meet Great Expectations: over a million of them it takes minutes, and its results quote values. A profile holds numbers only, and
no smallest or largest value of anything that could point to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipeline.check.judge import great_expectations, judge
from pipeline.check.page import write_page
from pipeline.check.suites import GatedTable, Suite, demands, load_suites, measure
from pipeline.errors import GateFailed
from pipeline.identifiers.sql import make_table
from pipeline.lake import write_json
from pipeline.schema import Column
from pipeline.sql import Workbench, step_failed

SHOWN = 5
PROFILE = {"gate": "VARCHAR", "relation": "VARCHAR", "column_name": "VARCHAR", "measure": "VARCHAR", "value": "BIGINT"}
# a smallest birth date or a largest number of children is somebody
MAY_SHOW_EXTREMES = ("open", "internal")
# how the smallest and largest value of a type become a number one can read: 20210831, 20210831180000
AS_NUMBER = {
    "DATE": "CAST(strftime({0}, '%Y%m%d') AS BIGINT)",
    "TIMESTAMP": "CAST(strftime({0}, '%Y%m%d%H%M%S') AS BIGINT)",
    "SMALLINT": "CAST({0} AS BIGINT)",
    "INTEGER": "CAST({0} AS BIGINT)",
    "BIGINT": "{0}",
}


@dataclass(frozen=True)
class Finding:
    """What became of one demand; `value` is None when the profile lacks the number."""

    gate: str
    measure: str
    severity: str
    why: str
    value: int | None
    is_met: bool


@dataclass(frozen=True)
class GateReport:
    """What became of every demand of every gate, and the page that shows it."""

    findings: tuple[Finding, ...]
    page: Path

    @property
    def failed(self) -> list[Finding]:
        """Critical demands that are not met."""
        return [finding for finding in self.findings if finding.severity == "critical" and not finding.is_met]

    @property
    def warnings(self) -> list[Finding]:
        """Other demands that are not met."""
        return [finding for finding in self.findings if finding.severity != "critical" and not finding.is_met]

    def require(self) -> None:
        """Refuse to go on when a critical demand is not met.

        Raises
        ------
        GateFailed
            The message names table, check and number.
        """
        if not self.failed:
            return
        named = "; ".join(f"{each.gate}: {each.measure} = {each.value} ({each.why})" for each in self.failed[:SHOWN])
        more = f"; and {len(self.failed) - SHOWN} more" if len(self.failed) > SHOWN else ""
        raise GateFailed(
            f"{len(self.failed)} critical checks failed: {named}{more}",
            where=str(self.page),
            todo="Nothing is published from this build. Open the page, mend what the failed checks name, build again.",
        )


def run(bench: Workbench) -> None:
    """Profile every gated table, judge the profile, keep `profile` and the report; refuse to go on if a critical check failed.

    The report lies in `builds/BUILD_ID/gate_report/` whatever the verdict.
    """
    suites = load_suites()
    with ThreadPoolExecutor(max_workers=1) as pool:  # the engine counts while Python imports
        imported = pool.submit(great_expectations)
        profile(bench, suites)
        imported.result()
    validate(bench, suites, bench.build_dir / "gate_report").require()


def profile(bench: Workbench, suites: list[Suite]) -> Path:
    """Write the numbers of every gated table as the table `profile`, one query per table."""
    rows: list[dict[str, Any]] = []
    for suite in suites:
        for relation, table in suite.tables.items():
            columns = bench.schemas[relation].columns
            for (column, kind), value in _measured(bench.con, relation, columns, table).items():
                rows.append(dict(zip(PROFILE, (suite.gate, relation, column, kind, value), strict=True)))
    make_table(bench.con, "profile_row", rows, PROFILE)
    return bench.write("profile", "SELECT * FROM profile_row")


def validate(bench: Workbench, suites: list[Suite], folder: Path) -> GateReport:
    """Let Great Expectations judge the table `profile`; write report and Data Docs into `folder`."""
    rows = bench.con.execute("SELECT gate, relation, column_name, measure, value FROM profile").fetchall()
    wide: dict[str, dict[str, int]] = {suite.gate: {} for suite in suites}
    for gate, relation, column, kind, value in rows:
        if gate in wide and value is not None:
            wide[gate][measure(relation, column, kind)] = value
    wanted = [demand for suite in suites for demand in demands(suite)]
    met = judge(wide, wanted, folder, bench.build_dir.name, bench.as_of)
    findings = tuple(
        Finding(each.gate, each.measure, each.severity, each.why, wide[each.gate].get(each.measure), is_met)
        for each, is_met in zip(wanted, met, strict=True)
    )
    report = GateReport(findings, folder / "index.html")
    write_json(folder / "report.json", [asdict(finding) for finding in findings])
    _write_page(report, bench.build_dir.name)
    return report


def _write_page(report: GateReport, name: str) -> None:
    verdict = (
        f"{len(report.failed)} critical checks failed, {len(report.warnings)} warnings, {len(report.findings)} checks."
    )
    first_the_worst = sorted(report.findings, key=lambda finding: (finding.is_met, finding.severity != "critical"))
    rows = [
        ("met" if each.is_met else "NOT MET", each.severity, each.gate, each.measure, each.value, each.why)
        for each in first_the_worst
    ]
    write_page(report.page, name, verdict, ("", "severity", "gate", "number", "value", "why"), rows)


def _measured(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Mapping[str, Column], table: GatedTable
) -> dict[tuple[str, str], int | None]:
    """Measure one table in one query: each query more waits for Python, which imports meanwhile."""
    asked = _asked(relation, columns, table)
    try:
        numbers = con.execute(f"SELECT {', '.join(asked.values())} FROM {relation}").fetchall()[0]
    except duckdb.Error as error:
        raise step_failed(error, f"expectations/suites: {relation}") from None
    return dict(zip(asked, numbers, strict=True))


def _asked(relation: str, columns: Mapping[str, Column], table: GatedTable) -> dict[tuple[str, str], str]:
    """Return what is selected, by column and measure."""
    asked = {("", "rows"): "count(*)"}
    for name, column in columns.items():
        asked[(name, "nulls")] = f'count(*) - count("{name}")'
        form = AS_NUMBER.get(column.type)
        if form and column.sensitivity in MAY_SHOW_EXTREMES:
            asked[(name, "min")] = form.format(f'min("{name}")')
            asked[(name, "max")] = form.format(f'max("{name}")')
    for name in table.unique:  # apart: beside it the engine would carry every other column through the same work
        asked[(name, "distinct")] = f'(SELECT count(DISTINCT "{name}") FROM {relation})'
    for check in table.checks:
        violations = f"count(*) FILTER (WHERE {check.each})" if check.each else f"CAST(({check.of}) AS BIGINT)"
        asked[("", f"violations:{check.name}")] = violations
    return asked
