"""Great Expectations, in one process and one run: numbers in, verdicts and Data Docs out."""

from __future__ import annotations

import gc
import logging
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.check.suites import GATES, Demand

# Nothing but numbers of the profile could be quoted, and not even those are.
RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
# The pages come with style sheets, scripts and pictures from six hosts; a page about the census calls nobody. Without the scripts the bars
# at top and bottom are empty and the filters dead.
FOREIGN = re.compile(
    r'<script[^>]*\bsrc="https?:[^>]*>\s*</script>|<link[^>]*\bhref="https?:[^>]*>|<img[^>]*\bsrc="https?:[^>]*>'
    r'|<a[^>]*\bhref="https?:[^>]*>.*?</a>|<footer>.*?</footer>',
    re.DOTALL,
)
# What is imported for expectations no suite has: two fifths of the time of importing all. Without SQLAlchemy Great Expectations works as
# where it is not installed (it is where Airflow is). The first two, for distributions alone, it will not miss: empty modules stand in their
# place, so that such an expectation would fail at its first use of them.
NOT_ASKED = {"altair": ModuleType("altair"), "scipy.stats": ModuleType("scipy.stats"), "sqlalchemy": None}
STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { border-bottom: 1px solid #8886; padding: .35rem .6rem; text-align: left }
.fa-check-circle::before { content: "met" } .fa-times::before { content: "not met" } .fa-exclamation::before { content: "error" }
ul { padding-left: 1.2rem } .navbar.sticky-top, .ge-navigation-sidebar-container, .btn, .modal, input, label { display: none }
</style></head>"""


def judge(
    numbers: Mapping[str, Mapping[str, int]], wanted: Sequence[Demand], folder: Path, name: str, as_of: datetime
) -> list[bool]:
    """Hold numbers against demands.

    Parameters
    ----------
    numbers
        By gate and measure.
    folder
        Where the Data Docs go; emptied first.
    name, as_of
        What the run is called in the Data Docs; no clock is read.

    Returns
    -------
    list of bool
        Whether each demand is met; a number that is not there meets none.
    """
    gx = great_expectations()
    shutil.rmtree(folder, ignore_errors=True)
    context = _context(gx, folder)
    batch = (
        context.data_sources.add_pandas("profile")
        .add_dataframe_asset("profile")
        .add_batch_definition_whole_dataframe("build")
    )
    parameters, run_id = {"dataframe": _frame(numbers, wanted)}, _run_id(name, as_of)
    met = {}
    for gate in GATES:  # not by a Checkpoint, which holds every definition against what it has stored, again and again
        outcome = _definition(gx, context, batch, gate, wanted).run(
            batch_parameters=parameters, result_format=RESULT_FORMAT, run_id=run_id
        )
        met.update({each.expectation_config.meta["number"]: bool(each.success) for each in outcome.results})
    context.build_data_docs(site_names=["gates"], build_index=False)
    _cut_off(folder)
    return [met[number] for number in range(len(wanted))]


@cache
def great_expectations() -> Any:
    """Import it, silent and without telemetry: one to two seconds of a core, which a caller with other work may let pass beside it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    gc.disable()  # what an import makes stays: looking for garbage among it takes a fourth of the time, and would be done again ever after
    absent: dict[str, Any] = {name: held for name, held in NOT_ASKED.items() if name not in sys.modules}
    sys.modules.update(absent)
    try:
        import great_expectations as gx
    finally:
        for name in absent:
            del sys.modules[name]
        gc.freeze()
        gc.enable()

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx


def _run_id(name: str, as_of: datetime) -> Any:
    from great_expectations.core.run_identifier import RunIdentifier

    return RunIdentifier(run_name=name, run_time=as_of)


def _context(gx: Any, folder: Path) -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.add_data_docs_site(
        site_name="gates",
        site_config={
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "site_section_builders": {"expectations": "None", "profiling": "None"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
        },
    )
    return context


def _definition(gx: Any, context: Any, batch: Any, gate: str, wanted: Sequence[Demand]) -> Any:
    asked = [_expectation(gx, number, demand) for number, demand in enumerate(wanted) if demand.gate == gate]
    suite = gx.ExpectationSuite(name=gate, expectations=asked)
    return context.validation_definitions.add(
        gx.ValidationDefinition(name=gate, data=batch, suite=context.suites.add(suite))
    )


def _expectation(gx: Any, number: int, demand: Demand) -> Any:
    told = {"severity": demand.severity, "notes": demand.why, "meta": {"number": number}}
    if demand.equals:
        return gx.expectations.ExpectColumnPairValuesToBeEqual(
            column_A=_column(demand.gate, demand.measure), column_B=_column(demand.gate, demand.equals), **told
        )
    return gx.expectations.ExpectColumnMaxToBeBetween(
        column=_column(demand.gate, demand.measure), min_value=demand.at_least, max_value=demand.at_most, **told
    )


def _frame(numbers: Mapping[str, Mapping[str, int]], wanted: Sequence[Demand]) -> Any:
    """Return one row of the numbers asked about: every column more is walked through again for every demand."""
    import pandas as pd

    asked = [(demand.gate, name) for demand in wanted for name in (demand.measure, demand.equals) if name]
    return pd.DataFrame([{_column(gate, name): numbers[gate][name] for gate, name in asked if name in numbers[gate]}])


def _column(gate: str, measure: str) -> str:
    return f"{gate}: {measure}"


def _cut_off(folder: Path) -> None:
    """Take everything from the pages that a browser would fetch from elsewhere."""
    shutil.rmtree(folder / "static", ignore_errors=True)
    for page in sorted(folder.rglob("*.html")):
        text = FOREIGN.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", STYLE, 1), encoding="utf-8")
