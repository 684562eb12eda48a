"""Prints as JSON what Airflow makes of dags/. Run apart: importing Airflow takes seconds and sets up logging for the whole process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
# What the first rule of dags/wiring.py retries, as the runbook has it too.
RETRIED = {
    "DiskFull",
    "PortalUnavailable",
    "GatewayUnavailable",
    "CensusDbUnavailable",
    "SurveyServerUnavailable",
    "StorageTrouble",
}
HEAVY = ("duckdb", "pandas", "pyarrow", "numpy", "great_expectations", "pydantic_settings")


def ask_airflow(home: Path, **env: str) -> dict[str, Any]:
    """Run this file in a process of its own and return what it finds."""
    run = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "AIRFLOW_HOME": str(home), "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    facts: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return facts


def main() -> None:
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(DAGS)
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    import airflow.sdk  # noqa: F401  # the base from which the cost of our own files is measured

    sys.path.insert(0, str(DAGS))
    before = set(sys.modules)
    start = time.process_time()
    import build_census
    import nightly_reconciliation
    import publish_release
    import receive_routes
    import wiring

    seconds = time.process_time() - start
    modules = (build_census, nightly_reconciliation, publish_release, receive_routes)
    with warnings.catch_warnings(record=True) as caught:
        bag = _bag()
    facts = {
        "parse_seconds": seconds,
        "imported": sorted(set(sys.modules) - before),
        "heavy": [name for name in HEAVY if name in sys.modules],
        "files": sorted(Path(module.__file__ or "").name for module in modules),
        "import_errors": bag.import_errors,
        "warnings": [str(warning.message) for warning in caught if str(DAGS) in str(warning.filename)],
        "dags": {dag_id: _dag(dag) for dag_id, dag in bag.dags.items()},
        "tags": [str(tag) for tag in wiring.Tag],
        "steps": list(wiring.STEPS),
        "routes": list(wiring.ROUTES),
        "assets": {route: asset.uri for route, asset in wiring.LANDED.items()},
        "decisions": _decisions(wiring.RETRIES),
    }
    sys.stdout.write("\n" + json.dumps(facts))


def _bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(DAGS))


def _dag(dag: Any) -> dict[str, Any]:
    from airflow.serialization.serialized_objects import DagSerialization

    DagSerialization.validate_schema(DagSerialization.to_dict(dag))
    return {
        "doc_md": dag.doc_md,
        "description": dag.description,
        "tags": sorted(str(tag) for tag in dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "run_timeout": dag.dagrun_timeout.total_seconds() if dag.dagrun_timeout else None,
        "timetable": type(dag.timetable).__name__,
        "asset_condition": _condition(dag.timetable),
        "is_told": dag.has_on_failure_callback,
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
    }


def _task(task: Any) -> dict[str, Any]:
    return {
        "owner": task.owner,
        "retries": task.retries,
        "has_retry_policy": task.retry_policy is not None,
        "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
        "doc": task.doc_md or task.doc,
        "upstream": sorted(task.upstream_task_ids),
        "outlets": [outlet.uri for outlet in task.outlets],
        "kind": task.task_type,
        "trigger_rule": str(task.trigger_rule),
        "conf": sorted(getattr(task, "conf", None) or []),
        "triggers": getattr(task, "trigger_dag_id", None),
        "fails_when_paused": getattr(task, "fail_when_dag_is_paused", None),
    }


def _condition(timetable: Any) -> dict[str, Any] | None:
    condition = getattr(timetable, "asset_condition", None)
    return (
        None
        if condition is None
        else {"kind": type(condition).__name__, "uris": sorted(asset.uri for asset in condition.objects)}
    )


def _decisions(policy: Any) -> dict[str, str]:
    """What the policy says of every named error and of a few others."""
    from pipeline import errors

    named = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.SanaqError)
    ]
    made = [error("what", where="where", todo="todo") for error in named]
    others = [OSError(), ConnectionResetError(), TimeoutError(), PermissionError(), KeyError("x"), ValueError("x")]
    return {type(error).__name__: policy.evaluate(error, 1, 2).action.value for error in (*made, *others)}


if __name__ == "__main__":
    main()
