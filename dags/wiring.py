"""What every DAG shares: tags, retries by cause, assets, the clock. Imports nothing heavy."""

from __future__ import annotations

import os
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

OWNER = "sanaq"
ZONE = "Asia/Aqtau"
# The order of tasks in Airflow is in the DAG: the Census Database waits for what came by its own way, which is then a repetition out of there.
ROUTES = (
    "register",
    "list",
    "movement",
    "headcount",
    "verification",
    "portal",
    "tablet_vpn",
    "tablet_usb",
    "census_db",
)
# The order is pipeline.build.STEPS; written here too, for importing that module loads the engine at parse time. A test compares them.
STEPS = {
    "read": "Bytes to typed rows; what cannot be read is a row that says why.",
    "check": "Every record rule over every record, in one pass.",
    "resolve": "Versions of a case, which records are one person, the two places, the match to the list.",
    "count": "What was expected, what was counted, what does not fit, and the ledger.",
    "gates": "One profile per table, judged by Great Expectations; a critical check that fails stops the night.",
}
LANDED = {route: Asset(name=f"landed_{route}", uri=f"sanaq://landing/{route}") for route in ROUTES}


class Tag(StrEnum):
    """How much hangs on a DAG, and what it does."""

    CRITICAL = "impact:critical"
    NORMAL = "impact:normal"
    RECEIVE = "room:receive"
    BUILD = "room:build"
    PUBLISH = "room:publish"


# Bad data and broken rules come out the same on a second try; networks and disks may not.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "pipeline.errors.DiskFull",
                "pipeline.errors.PortalUnavailable",
                "pipeline.errors.GatewayUnavailable",
                "pipeline.errors.SurveyServerUnavailable",
                "pipeline.errors.CensusDbUnavailable",
                "builtins.OSError",
            ],
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=2),
            reason="the surroundings may recover",
        ),
        RetryRule(
            exception="pipeline.errors.SanaqError", action=RetryAction.FAIL, reason="the same inputs would fail again"
        ),
    ],
    # What we have no name for is a bug: it is not mended by waiting.
    default=RetryAction.FAIL,
)

TASK_DEFAULTS = {
    "owner": OWNER,
    "retries": 2,
    "retry_policy": RETRIES,
    "retry_delay": timedelta(minutes=2),
    "execution_timeout": timedelta(hours=2),
}

# The run by name and no word of why: what goes by mail says nothing of the data.
ALERT = "{{ run_id }} of {{ dag.dag_id }} failed. Its page in Airflow names the tasks that did and has their logs; under Docs stands what to do."

Schedule = TypeVar("Schedule")


def on_failure() -> Any:
    """Return what writes to the addresses in SANAQ_ALERT_TO that a run failed, over Airflow's connection smtp_default; None where none is named."""
    addresses = os.environ.get("SANAQ_ALERT_TO", "").split()
    if not addresses:
        return None
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(to=addresses, subject="sanaq: {{ dag.dag_id }} failed", html_content=ALERT)


def by_clock(schedule: Schedule) -> Schedule | None:
    """Return the schedule, or None where SANAQ_CLOCK=off: a simulated campaign lives in 2021 and starts its nights itself."""
    return None if os.environ.get("SANAQ_CLOCK") == "off" else schedule
