"""The only DAG that builds: one task per step, in the order `pipeline.build` gives."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import DAG, Param, task
from wiring import LANDED, STEPS, TASK_DEFAULTS, Tag, on_failure

RUNBOOK = """
### build_census

Makes every table from what had been received up to *as-of* (the newest receipt or decision, unless the run's `as_of` says otherwise).
A build is a pure function of its inputs: the same inputs are the same folder `builds/BUILD_ID/`, and a step that is there whole
is not made twice. It never publishes.

**If it fails**

- `StepFailed`: the message names the SQL file. Clear the task once, then give the message to those who change sanaq.
- `BadReferenceFile`: a file under data/ or expectations/ is wrong at the line named. Mend it, clear pin_inputs and what follows.
- `InputsMissing`: code, reference data or a decision changed under the build. Clear pin_inputs and what follows.
- `GateFailed` in gates: a critical check failed, the message names it. Yesterday's snapshot stays published.
  Read builds/BUILD_ID/gate_report/index.html.
- `LedgerUnbalanced` in count: records were lost or doubled. Publish nothing by hand; give route and batch to those who change sanaq.

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
    on_failure_callback=on_failure(),
    params={
        "as_of": Param(
            None, type=["null", "string"], description="Moment with offset; the newest receipt or decision when empty."
        )
    },
) as dag:

    @task
    def pin_inputs(params: dict[str, Any]) -> str:
        """Pin batches, reference data, decisions and code; the build's id is their hash."""
        from pipeline import night

        return night.open_build(params["as_of"])

    @task
    def make(build_id: str, step: str) -> str:
        from pipeline import night

        night.run_step(build_id, step)
        return build_id

    @task
    def finish(build_id: str) -> None:
        """Let `builds/current` name the build."""
        from pipeline import night

        night.finish_build(build_id)

    build_id = pin_inputs()  # type: ignore[call-arg]  # Airflow passes the run's params
    for step, doc in STEPS.items():
        build_id = make.override(task_id=step, doc_md=doc)(build_id, step)
    finish(build_id)
