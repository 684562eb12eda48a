"""What every DAG shares: tags, retries by cause, assets, and the one way a task calls the pipeline. Imports nothing heavy."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule

OWNER = "sanaq"
ZONE = "Asia/Aqtau"
ROUTES = ("register", "list", "movement", "headcount", "portal", "tablet_vpn", "tablet_usb")
# The order is pipeline.build.STEPS; written here too, for importing that module loads the engine at parse time. A test compares them.
STEPS = ("read", "check", "resolve", "count", "gates")
LANDED = {route: Asset(name=f"landed_{route}", uri=f"sanaq://landing/{route}") for route in ROUTES}


class Tag(StrEnum):
    """How much hangs on a DAG, and what it does."""

    CRITICAL = "impact:critical"
    NORMAL = "impact:normal"
    RECEIVE = "room:receive"
    BUILD = "room:build"
    PUBLISH = "room:publish"


# Bad data and broken rules come out the same on a second try; networks, locks and disks may not.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "pipeline.errors.LakeBusy",
                "pipeline.errors.DiskFull",
                "pipeline.errors.PortalUnavailable",
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
)

TASK_DEFAULTS = {
    "owner": OWNER,
    "retries": 2,
    "retry_policy": RETRIES,
    "retry_delay": timedelta(minutes=2),
    "execution_timeout": timedelta(hours=2),
}
