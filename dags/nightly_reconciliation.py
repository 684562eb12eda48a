"""The unattended night, 02:00 in Aktau: receive, build, reconcile, publish."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param, TriggerRule, task
from wiring import ROUTES, TASK_DEFAULTS, ZONE, Tag

RUNBOOK = """
### nightly_reconciliation

02:00 Asia/Aqtau, nobody watching. Receives what is due on every route, has `build_census` build it, balances the ledger, compares with
the night before, writes the one page, and only then switches `operations/current`.

**A night that does not balance fails and publishes nothing**: yesterday's snapshot stays, and analysts notice nothing but its date.

| task | error | do |
|---|---|---|
| `receive_*` | see the runbook of that receive DAG | the other routes go on; a missing route shows as a gap on the page |
| `build` | see `build_census` | mend, then clear `build` and what follows |
| `reconcile` | `LedgerUnbalanced` | read `builds/current/reconcile/reconciliation.json`; report route and batch |
| `publish` | `StalePublication` | something newer is published already; nothing to do |

In the morning: open the page (`operations/current/index.html`), read the verdict and the ten actions.
"""

with DAG(
    dag_id="nightly_reconciliation",
    description="Receive, build, balance, compare, publish to operations/.",
    doc_md=RUNBOOK,
    schedule=CronTriggerTimetable("0 2 * * *", timezone=ZONE),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=5),
    tags=[Tag.CRITICAL, Tag.RECEIVE, Tag.BUILD, Tag.PUBLISH],
    default_args=TASK_DEFAULTS,
    params={
        "now": Param(
            None, type=["null", "string"], description="Moment written as the receipt; for a simulated field only."
        ),
        "as_of": Param(None, type=["null", "string"], description="Moment with offset; the newest receipt when empty."),
    },
) as dag:

    @task
    def receive(route: str, params: dict[str, Any]) -> int:
        """Land what is new on one route; return the number of batches."""
        from pipeline import night

        return len(night.receive(route, params["now"]).landed)

    @task
    def reconcile() -> str:
        """Balance, compare, write the page; return the build's id."""
        from pipeline import night

        return night.reconcile().build_id

    @task
    def publish(build_id: str) -> str:
        """Switch operations/current; return the snapshot's folder."""
        from pipeline import night

        return str(night.publish(build_id).folder)

    received = [receive.override(task_id=f"receive_{route}")(route) for route in ROUTES]  # type: ignore[call-arg]
    build = TriggerDagRunOperator(
        task_id="build",
        trigger_dag_id="build_census",
        conf={"as_of": "{{ params.as_of or '' }}"},
        wait_for_completion=True,
        poke_interval=1,
        # A route that is down must not stop the others: what it did not bring shows as a gap.
        trigger_rule=TriggerRule.ALL_DONE,
    )
    received >> build >> publish(reconcile())
