"""One receive DAG per route: `receive_register` … `receive_tablet_usb`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Metadata, Param, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from wiring import LANDED, ROUTES, TASK_DEFAULTS, Tag, by_clock

RUNBOOK = """
### receive_{route}

Lands what is new on the route **{route}**, unchanged, under `landing/{route}/BATCH_ID/`, and tells `build_census`.
Nothing new: the task is skipped and nothing is built. What landed before something went wrong is told, too: then `receive` is green
and `tell_trouble` fails with the reason; the next run goes on from there.

**If it fails**

- `PortalUnavailable`: the portal does not answer; retried by itself. After an hour, call the portal's people.
- `PortalRefused`: the secret or the certificate is wrong, the message says which. Set SANAQ_PORTAL_SECRET or SANAQ_PORTAL_CA, clear the task.
- `CensusDbUnavailable`: the Census Database does not answer; retried by itself. After an hour, call its operators.
- `CensusDbRefused`: role, password, certificate or a column is not as docs/census-db.sql says. Mend it with them, clear the task.
- `GatewayUnavailable`: the SFTP gateway does not answer; retried by itself. After an hour, call its operators.
- `GatewayRefused`: host key, our key, folder or the right to remove; the message says which. Mend it with them, clear the task.
- `SurveyServerUnavailable`: ODK Central does not answer; retried by itself. After an hour, call its people.
- `SurveyServerRefused`: account or form is wrong. Set SANAQ_ODK_EMAIL, SANAQ_ODK_PASSWORD, SANAQ_ODK_FORMS, clear the task.
- `DiskFull`: free space for the lake; nothing was half written. Clear the task.

Clearing the task is always safe: the same content received twice is one line in `receipts.jsonl`.
"""


def receiving(route: str) -> DAG:
    """Return the DAG that receives one route."""
    with DAG(
        dag_id=f"receive_{route}",
        description=f"Land what is new on the route {route}.",
        doc_md=RUNBOOK.format(route=route),
        schedule=by_clock(
            timedelta(minutes=15) if route in ("portal", "census_db", "tablet_vpn") else timedelta(hours=1)
        ),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=3),
        tags=[Tag.NORMAL, Tag.RECEIVE],
        default_args=TASK_DEFAULTS,
        params={
            "now": Param(
                None, type=["null", "string"], description="Moment written as the receipt; for a simulated field only."
            )
        },
    ) as dag:

        @task(task_id="receive", outlets=[LANDED[route]])
        def receive(params: dict[str, Any]) -> Any:
            """Land what is new; skipped, and nothing built, when there is nothing. Returns what ended it though something landed."""
            from pipeline import night

            receipt = night.receive(route, params["now"])
            if not receipt.landed:
                raise AirflowSkipException(f"nothing new on {route}")
            yield Metadata(LANDED[route], {"batch_count": len(receipt.landed), "again_count": receipt.again})
            return receipt.trouble and f"{type(receipt.trouble).__name__}: {receipt.trouble}"

        # A task that fails tells nobody of what it landed, so the one that landed something succeeds and this one fails.
        @task(task_id="tell_trouble")
        def tell_trouble(trouble: str | None) -> None:
            """Fail with what ended the receipt before its time; what had landed is being built."""
            if trouble:
                raise AirflowFailException(trouble)

        tell_trouble(receive())  # type: ignore[call-arg]  # Airflow passes the run's params
    return dag


for each in ROUTES:
    globals()[f"receive_{each}"] = receiving(each)
