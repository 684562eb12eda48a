"""The unattended night, 02:00 in Aktau: receive, build, reconcile, publish."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param, TaskGroup, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException
from wiring import ROUTES, TASK_DEFAULTS, ZONE, Tag, by_clock, on_failure

RUNBOOK = """
### nightly_reconciliation

02:00 Asia/Aqtau, nobody watching. Receives what is due on every route, has `build_census` build it, balances the ledger, compares with
the night before, writes the one page, and only then switches `operations/current`. A route that was not received keeps nothing back: the night is
published without it, `tell_trouble` names it, and the run fails.

**A night that does not balance fails and publishes nothing**: yesterday's snapshot stays, and analysts notice nothing but its date.

**If it fails**

- a route under receive, and `tell_trouble`: see that receive DAG. The night is published all the same. Of portal, tablet_vpn and census_db the page
  says when nothing has come for a day, while a window of theirs is open; of the others it cannot know when something should have come.
- build: DagIsPaused: unpause build_census. Otherwise its run failed, see there. Mend, then clear pin_inputs and what follows.
- `LedgerUnbalanced` in reconcile: read builds/BUILD_ID/reconcile/index.html; give route and batch to those who change sanaq.
- `StalePublication` in publish: something newer is published already; nothing to do.

In the morning: open the page (`operations/current/index.html`), read the verdict and the ten actions.
"""

with DAG(
    dag_id="nightly_reconciliation",
    description="Receive, build, balance, compare, publish to operations/.",
    doc_md=RUNBOOK,
    schedule=by_clock(CronTriggerTimetable("0 2 * * *", timezone=ZONE)),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=5),
    tags=[Tag.CRITICAL, Tag.RECEIVE, Tag.BUILD, Tag.PUBLISH],
    default_args=TASK_DEFAULTS,
    on_failure_callback=on_failure(),
    params={
        "now": Param(
            None, type=["null", "string"], description="Moment written as the receipt; for a simulated field only."
        ),
        "as_of": Param(None, type=["null", "string"], description="Moment with offset; now when empty."),
    },
) as dag:
    # A route that is down must not stop the others: tell_trouble names it.
    @task(trigger_rule=TriggerRule.ALL_DONE)
    def receive(route: str, params: dict[str, Any]) -> int:
        """Land what is new on one route; return the number of batches."""
        from pipeline import night

        receipt = night.receive(route, params["now"], is_sweep=True)
        return len(receipt.whole().landed)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def pin_inputs(params: dict[str, Any]) -> dict[str, str]:
        """Pin what had been received by now; return the build's id and its as-of."""
        from pipeline import night

        return night.pin_night(params["as_of"], params["now"])

    @task
    def reconcile(build_id: str) -> str:
        """Balance the ledger, compare with the night before, write the one page."""
        from pipeline import night

        return night.reconcile(build_id).build_id

    @task
    def publish(build_id: str) -> str:
        """Switch operations/current to the build; return the snapshot's folder."""
        from pipeline import night

        return str(night.publish(build_id).folder)

    # A run is as its last tasks are, and `publish` goes well without a route: this one is last as well, and fails.
    @task(trigger_rule=TriggerRule.ALL_DONE)
    def tell_trouble(landed: dict[str, int | None]) -> None:
        """Fail with the routes that were not received; the night goes on without them."""
        if missing := [route for route, count in landed.items() if count is None]:
            raise AirflowFailException(f"not received: {', '.join(missing)}; the log of each, under receive, says why")

    with TaskGroup("receive", tooltip="Land what is new, route by route") as received:
        routes = {
            route: receive.override(task_id=route)(route)  # type: ignore[call-arg]  # Airflow passes the run's params
            for route in ROUTES
        }
        [routes["portal"], routes["tablet_vpn"], routes["tablet_usb"]] >> routes["census_db"]
    tell_trouble(routes)
    pinned = pin_inputs()  # type: ignore[call-arg]
    build = TriggerDagRunOperator(
        task_id="build",
        trigger_dag_id="build_census",
        conf={"as_of": pinned["as_of"]},
        wait_for_completion=True,
        # Paused, its run would wait for somebody to unpause it.
        fail_when_dag_is_paused=True,
        poke_interval=1,
        execution_timeout=timedelta(hours=4),
        # Its tasks have been retried by then; a second run would fail where the first did.
        retries=0,
        doc_md="Have `build_census` build what is pinned, and wait for it.",
    )
    reconciled = reconcile(pinned["build_id"])
    received >> pinned >> build >> reconciled >> publish(reconciled)
