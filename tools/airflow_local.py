"""Airflow on one machine: the real scheduler, dag-processor and api-server, LocalExecutor, metadata in SQLite, everything under .airflow/.

`make up` runs this file and leaves Airflow running until Ctrl-C; `make run` uses it to play a campaign.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess  # Airflow's components are programs
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".airflow"
BIN = Path(sys.executable).parent
COMPONENTS = ("api-server", "scheduler", "dag-processor")
USER = "operator"
DONE = ("success", "failed")


class AirflowTrouble(RuntimeError):
    """Airflow did not start, did not parse a DAG or a run failed; the message says where to look."""


class LocalAirflow:
    """Airflow's components as child processes, and the few calls on its API that play a night.

    Parameters
    ----------
    env
        Further environment (`SANAQ_*`) of the tasks.
    scheduled
        Whether DAGs run by their clock; a simulated campaign is triggered by hand instead.
    port
        Port of the api-server on loopback; a free one when None.
    """

    def __init__(self, env: dict[str, str] | None = None, *, scheduled: bool = False, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.password = secrets.token_urlsafe(12)
        self.env = {**os.environ, **self._environment(scheduled), **(env or {})}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._client = httpx.Client(base_url=self.url, timeout=60)

    def __enter__(self) -> LocalAirflow:
        HOME.mkdir(mode=0o700, exist_ok=True)
        passwords = HOME / "passwords.json"
        passwords.touch(mode=0o600)
        passwords.write_text(json.dumps({USER: self.password}), encoding="utf-8")
        with (HOME / "migrate.log").open("wb") as log:
            migrated = subprocess.run(self._command("db", "migrate"), env=self.env, stdout=log, stderr=log, check=False)  # noqa: S603
        if migrated.returncode:
            raise AirflowTrouble(f"the metadata database could not be made; see {HOME}/migrate.log")
        for component in COMPONENTS:
            with (HOME / f"{component}.log").open("wb") as log:
                self._processes[component] = subprocess.Popen(  # noqa: S603
                    self._command(component),
                    env=self.env,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
        self._wait_until_healthy()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self._client.close()

    def wait_for_dags(self, dag_ids: set[str], timeout: float = 90) -> None:
        """Wait until every DAG has been parsed.

        Raises
        ------
        AirflowTrouble
            A DAG file cannot be imported, or the time is up.
        """
        for _ in self._polling(timeout, "parsing the DAGs", "dag-processor"):
            found = {dag["dag_id"] for dag in self._get("/api/v2/dags", limit=100)["dags"]}
            if dag_ids <= found:
                return
            broken = self._get("/api/v2/importErrors")["import_errors"]
            if broken:
                raise AirflowTrouble(f"{broken[0]['filename']} cannot be imported: see {HOME}/dag-processor.log")

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "conf": conf}
        answer = self._client.post(
            f"/api/v2/dags/{dag_id}/dagRuns", json=body, headers=self._login()
        ).raise_for_status()
        return str(answer.json()["dag_run_id"])

    def wait(self, dag_id: str, run_id: str, timeout: float = 1800) -> dict[str, Any]:
        """Wait for a run to end well and return it.

        Raises
        ------
        AirflowTrouble
            The run failed; the message names its failed tasks and their log files.
        """
        for _ in self._polling(timeout, f"the run of {dag_id}", "scheduler"):
            run = self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
            if run["state"] in DONE:
                break
        if run["state"] == "failed":
            failed = [task["task_id"] for task in self.tasks(dag_id, run_id) if task["state"] == "failed"]
            raise AirflowTrouble(
                f"{dag_id}: {', '.join(failed)} failed; see {HOME}/logs/dag_id={dag_id}/run_id={run_id}/"
            )
        return dict(run)

    def run(self, dag_id: str, **conf: Any) -> dict[str, Any]:
        """Start a run and wait for it to end well."""
        return self.wait(dag_id, self.trigger(dag_id, conf))

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, newest first."""
        return list(self._get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-id", limit=50)["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the tasks of a run with their states and times."""
        return list(self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"])

    def settle(self, dag_id: str, timeout: float = 600) -> None:
        """Wait until no run of a DAG is queued or running."""
        calm = 0
        for _ in self._polling(timeout, f"{dag_id} to settle", "scheduler"):
            calm = calm + 1 if all(run["state"] in DONE for run in self.runs(dag_id)) else 0
            if calm == 5:
                return

    def _environment(self, scheduled: bool) -> dict[str, str]:
        return {
            "AIRFLOW_HOME": str(HOME),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "3",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(scheduled),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(HOME / "passwords.json"),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(scheduled),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            # A supervisor notices the end of its task at a heartbeat; 5 s (the default) would be most of a small night.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
        }

    def _command(self, *words: str) -> list[str]:
        extra = ["--skip-serve-logs"] if words == ("scheduler",) else []
        return [str(BIN / "airflow"), *words, *extra]

    def _wait_until_healthy(self) -> None:
        for _ in self._polling(180, "Airflow to become healthy", "api-server"):
            with suppress(httpx.HTTPError, KeyError):
                health = self._client.get("/api/v2/monitor/health").json()
                parts = ("metadatabase", "scheduler", "dag_processor")
                if all(health[part]["status"] == "healthy" for part in parts):
                    self._client.get("/execution/health").raise_for_status()
                    return

    def _polling(self, timeout: float, what: str, component: str) -> Iterator[None]:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise AirflowTrouble(f"{name} ended by itself; see {HOME}/{name}.log")
            yield
            time.sleep(0.25)
        raise AirflowTrouble(f"waited {timeout:.0f} s for {what}; see {HOME}/{component}.log")

    def _get(self, path: str, **params: Any) -> Any:
        return self._client.get(path, params=params, headers=self._login()).raise_for_status().json()

    def _login(self) -> dict[str, str]:
        if "Authorization" not in self._client.headers:
            token = (
                self._client.post("/auth/token", json={"username": USER, "password": self.password})
                .raise_for_status()
                .json()
            )
            self._client.headers["Authorization"] = f"Bearer {token['access_token']}"
        return {}


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], url: str, env: dict[str, str]) -> Iterator[None]:
    """Run a server as a child process over the block, from its first healthy answer on."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        for _ in range(120):
            with suppress(httpx.HTTPError):
                if httpx.get(url, timeout=2).is_success:
                    break
            if process.poll() is not None:
                raise AirflowTrouble(f"{' '.join(command[-3:])} ended by itself")
            time.sleep(0.25)
        yield
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    """Keep Airflow running until interrupted."""
    console = Console()
    with console.status("starting Airflow (some 25 seconds)"):
        airflow = LocalAirflow(scheduled=True, port=int(os.environ.get("SANAQ_AIRFLOW_PORT", "8080")))
        airflow.__enter__()
    try:
        console.print(
            f"Airflow  [bold]{airflow.url}[/]   user [bold]{USER}[/]   password [bold]{airflow.password}[/]",
            highlight=False,
        )
        console.print("DAGs start paused: unpause the ones you want. Ctrl-C (or `make down`) stops Airflow.")
        (HOME / "up.pid").write_text(str(os.getpid()), encoding="utf-8")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.pause()
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        (HOME / "up.pid").unlink(missing_ok=True)
        airflow.__exit__(None, None, None)


if __name__ == "__main__":
    main()
