"""The only DAG that builds: one task per step, in the order `pipeline.build` gives."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import DAG, Param, task
from wiring import LANDED, STEPS, TASK_DEFAULTS, Tag

RUNBOOK = """
### build_census

Makes every table from what had been received up to *as-of* (the newest receipt, unless the run's `as_of` says otherwise).
A build is a pure function of its inputs: the same inputs are the same folder `builds/BUILD_ID/`, and a step that is there whole
is not made twice. It never publishes.

**If it fails**

| task | error | do |
|---|---|---|
| any | `StepFailed` | the line names the SQL file; clear the task once, then report it with that line |
| any | `BadReferenceFile` | a file under `data/reference`, `data/rounds` or `expectations` is wrong at the line named; mend it |
| `gates` | `GateFailed` | a critical check failed; the message names it. Yesterday's snapshot stays published. Read `builds/BUILD_ID/gates/` |
| `count` | `LedgerUnbalanced` | records were lost or doubled in a step: do not publish by hand; report route and batch |

Clearing any task is safe: its tables appear by one rename when they are whole.
"""

with DAG(
    dag_id="build_census",
    description="From what was received to census tables, coverage and a balanced ledger.",
    doc_md=RUNBOOK,
    schedule=reduce(or_, LANDED.values()),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    tags=[Tag.CRITICAL, Tag.BUILD],
    default_args=TASK_DEFAULTS,
    params={
        "as_of": Param(None, type=["null", "string"], description="Moment with offset; the newest receipt when empty.")
    },
) as dag:

    @task
    def pin_inputs(params: dict[str, Any]) -> str:
        """Pin batches, reference data, decisions and code; the build's id is their hash."""
        from pipeline import night

        return night.open_build(params["as_of"])

    @task
    def make(build_id: str, step: str) -> None:
        """Make the tables of one step."""
        from pipeline import night

        night.run_step(build_id, step)

    @task
    def finish(build_id: str) -> str:
        """Let `builds/current` name the build."""
        from pipeline import night

        night.finish_build(build_id)
        return build_id

    build_id = pin_inputs()  # type: ignore[call-arg]  # Airflow passes the run's params
    earlier = build_id
    for step in STEPS:
        made = make.override(task_id=step)(build_id, step)
        earlier >> made
        earlier = made
    earlier >> finish(build_id)
