"""A release for analysts: census.duckdb, made on purpose by a person, never by the clock."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, task
from wiring import TASK_DEFAULTS, Tag, on_failure

RUNBOOK = """
### publish_release

Makes `census.duckdb` (pseudonymous, surrogate ids re-keyed) from the night published last and switches `published/current` to it. Started by hand when the
commission has agreed to the figures; earlier releases stay where they are.

**If it fails**: the message names the table and what to do; `published/current` has not moved. Clearing the task is safe.
"""

with DAG(
    dag_id="publish_release",
    description="Make the analysts' database and switch published/current to it.",
    doc_md=RUNBOOK,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    tags=[Tag.CRITICAL, Tag.PUBLISH],
    default_args=TASK_DEFAULTS,
    on_failure_callback=on_failure(),
) as dag:

    @task
    def release() -> str:
        """Make the release; return its folder."""
        from pipeline import night

        return str(night.release().folder)

    release()
