"""Airflow on one machine: the real scheduler, dag-processor and api-server, LocalExecutor, metadata in SQLite, everything under .airflow/.

`make up` runs this file and leaves Airflow running until Ctrl-C; `make run` uses it to play a campaign.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess  # Airflow's command line
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx
from cryptography.fernet import Fernet
from rich.console import Console

from tools.children import AlreadyRunning, Children, stop_on_signals

ROOT = Path(__file__).resolve().parent.parent
HOMES = ROOT / ".airflow"
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
    home
        Folder of its database, logs and settings. A home that is kept keeps its runs.
    env
        Further environment (`SANAQ_*`) of the tasks.
    is_fresh
        Whether to begin with an empty home.
    scheduled
        Whether DAGs run by their clock; a simulated campaign starts its nights itself.
    port
        Port of the api-server on loopback; a free one when None.
    """

    def __init__(
        self,
        home: Path = HOMES / "up",
        env: dict[str, str] | None = None,
        *,
        is_fresh: bool = False,
        scheduled: bool = False,
        port: int | None = None,
    ) -> None:
        self.home = home
        self.is_fresh = is_fresh
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.password = secrets.token_urlsafe(12)
        self.env = {**os.environ, **self._environment(scheduled), **(env or {})}
        # Every task is a process of its own: without compiled files a third of it is compiling.
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)
        self.children = Children(home)
        self._client = httpx.Client(base_url=self.url, timeout=60)

    def __enter__(self) -> LocalAirflow:
        """Start the components; `wait_until_ready` waits for them.

        Raises
        ------
        AirflowTrouble
            Another Airflow is at work in this home, or the metadata database cannot be made.
        """
        try:
            self.children.__enter__()
        except AlreadyRunning as error:
            raise AirflowTrouble(f"{error}: stop it first") from None
        try:
            self._prepare_home()
            for component in COMPONENTS:
                # Plugins add pages; tasks, which inherit from the scheduler, need not import them.
                pages = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins")} if component == "api-server" else {}
                self.children.start(component, _command(component), {**self.env, **pages})
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self.children.__exit__(kind, error, trace)

    def wait_until_ready(self, dag_ids: set[str], timeout: float = 240) -> None:
        """Wait until every component is healthy and every DAG has been parsed.

        Raises
        ------
        AirflowTrouble
            A component ended, a DAG file cannot be imported, or the time is up.
        """
        for _ in self._polling(timeout, "Airflow to become healthy", "api-server"):
            with suppress(httpx.HTTPError, KeyError, ValueError):
                health = self._client.get("/api/v2/monitor/health").json()
                if all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")):
                    break
        # The first call builds the task API, which takes as long as a task waits for it.
        self._call("GET", "/execution/health")
        for _ in self._polling(timeout, "the DAGs to be parsed", "dag-processor"):
            if dag_ids <= {dag["dag_id"] for dag in self._get("/api/v2/dags", limit=100)["dags"]}:
                return
            broken = self._get("/api/v2/importErrors")["import_errors"]
            if broken:
                raise AirflowTrouble(
                    f"{broken[0]['filename']} cannot be imported; see {self.children.log('dag-processor')}"
                )

    def trigger(self, dag_id: str, **conf: Any) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def wait(self, dag_id: str, run_id: str, timeout: float = 1800) -> dict[str, Any]:
        """Wait for a run to end well and return it.

        Raises
        ------
        AirflowTrouble
            The run failed; the message names its failed tasks and where their logs are.
        """
        run: dict[str, Any] = {}
        for _ in self._polling(timeout, f"the run of {dag_id}", "scheduler"):
            run = self._get(f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}")
            if run["state"] in DONE:
                break
        if run["state"] == "failed":
            failed = [task["task_id"] for task in self.tasks(dag_id, run_id) if task["state"] == "failed"]
            logs = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}"
            raise AirflowTrouble(f"{dag_id}: {', '.join(failed) or 'the run'} failed; see {logs}/")
        return run

    def run(self, dag_id: str, **conf: Any) -> dict[str, Any]:
        """Start a run and wait for it to end well."""
        return self.wait(dag_id, self.trigger(dag_id, **conf))

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG, newest first."""
        return list(self._get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-id", limit=50)["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the tasks of a run with their states and times."""
        return list(self._get(f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances")["task_instances"])

    def settle(self, dag_id: str, timeout: float = 600) -> list[dict[str, Any]]:
        """Wait until no run of a DAG has been queued or running for two seconds; return its runs."""
        calm = 0.0
        for _ in self._polling(timeout, f"{dag_id} to settle", "scheduler"):
            runs = self.runs(dag_id)
            if not all(run["state"] in DONE for run in runs):
                calm = 0.0
            elif not calm:
                calm = time.monotonic()
            elif time.monotonic() - calm > 2:
                break
        return runs

    def _environment(self, scheduled: bool) -> dict[str, str]:
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            # One slot waits for the build, one builds, one receives.
            "AIRFLOW__CORE__PARALLELISM": "3",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(scheduled),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            # A small machine builds the task API for seconds; 5 s (the default) makes first tasks fail.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            # A supervisor notices the end of its task at a heartbeat; 5 s (the default) would be most of a small night.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
            "SANAQ_CLOCK": "on" if scheduled else "off",
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
        }

    def _prepare_home(self) -> None:
        """Write what Airflow would otherwise make up itself, and give it an empty database of its version."""
        if self.is_fresh:
            self.children.clear()
        _write_secret(self.home / "passwords.json", json.dumps({USER: self.password}))
        fernet_key = self.home / "fernet.key"
        if not fernet_key.exists():
            _write_secret(fernet_key, Fernet.generate_key().decode())
        self.env["AIRFLOW__CORE__FERNET_KEY"] = fernet_key.read_text(encoding="utf-8")
        (self.home / "airflow.cfg").write_text("# Settings come from the environment: tools/airflow_local.py\n")
        database, release = self.home / "airflow.db", version("apache-airflow")
        migrated, template = self.home / f".migrated-{release}", HOMES / f"empty-{release}.db"
        if migrated.exists() and database.exists():
            return
        if template.exists() and not database.exists():
            shutil.copyfile(template, database)
        else:
            is_new = not database.exists()
            self._migrate()
            if is_new:
                aside = template.with_suffix(f".{os.getpid()}.part")
                shutil.copyfile(database, aside)
                aside.replace(template)
        database.chmod(0o600)
        migrated.touch()

    def _migrate(self) -> None:
        HOMES.mkdir(mode=0o700, exist_ok=True)
        with self.children.log("migrate").open("wb") as log:
            done = subprocess.run(_command("db", "migrate"), env=self.env, stdout=log, stderr=log, check=False)  # noqa: S603
        if done.returncode:
            raise AirflowTrouble(f"the metadata database could not be made; see {self.children.log('migrate')}")

    def _polling(self, timeout: float, what: str, component: str) -> Iterator[None]:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            ended = self.children.ended()
            if ended:
                raise AirflowTrouble(f"{ended} ended by itself; see {self.children.log(ended)}")
            yield
            time.sleep(0.25)
        raise AirflowTrouble(f"waited {timeout:.0f} s for {what}; see {self.children.log(component)}")

    def _get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params=params)

    def _call(self, method: str, path: str, **content: Any) -> Any:
        try:
            if "Authorization" not in self._client.headers:
                login = {"username": USER, "password": self.password}
                token = self._client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
                self._client.headers["Authorization"] = f"Bearer {token}"
            return self._client.request(method, path, **content).raise_for_status().json()
        except httpx.HTTPError as error:
            raise AirflowTrouble(
                f"{method} {path} failed ({type(error).__name__}); see {self.children.log('api-server')}"
            ) from None


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(*words: str) -> list[str]:
    # Without the flag the scheduler serves its logs on all interfaces; the api-server reads them from the disk all the same.
    return [str(BIN / "airflow"), *words, *(["--skip-serve-logs"] if words == ("scheduler",) else [])]


def _write_secret(path: Path, content: str) -> None:
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")


def main() -> int:
    """Keep Airflow running until interrupted."""
    stop_on_signals()
    console = Console(highlight=False, soft_wrap=True)
    pid = HOMES / "up.pid"
    try:
        with LocalAirflow(scheduled=True, port=int(os.environ.get("SANAQ_AIRFLOW_PORT", "8080"))) as airflow:
            pid.write_text(str(os.getpid()), encoding="utf-8")
            try:
                with console.status("starting Airflow (some 25 seconds)"):
                    airflow.wait_until_ready({"nightly_reconciliation"})
                console.print(
                    f"Airflow  [bold]{airflow.url}[/]   user [bold]{USER}[/]   password [bold]{airflow.password}[/]"
                )
                console.print("DAGs start paused: unpause the ones you want. Ctrl-C (or `make down`) stops Airflow.")
                signal.pause()
            finally:
                pid.unlink()
    except AirflowTrouble as trouble:
        console.print(f"[bold red]Airflow does not run[/]: {trouble}")
        return 1
    except KeyboardInterrupt:
        console.print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
