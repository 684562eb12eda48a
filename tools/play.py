"""`make run`: play a simulated campaign through Airflow's real scheduler, three nights and a release, and show what came out."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from pipeline.settings import PROJECT, load_settings
from sandbox.campaign import create
from sandbox.deliver import deliver
from tools.airflow_local import AirflowTrouble, LocalAirflow, free_port, serving

SEED = 2021
ROUTES = ("register", "list", "movement", "headcount", "portal", "tablet_vpn", "tablet_usb")
DAGS = {"build_census", "nightly_reconciliation", "publish_release", *(f"receive_{route}" for route in ROUTES)}
FIELD = PROJECT / "data" / "sandbox" / "run"
MARK = ".sandbox"
console = Console()


def main() -> int:
    """Play the campaign; 0 when every night balanced and was published."""
    began = time.monotonic()
    lake = load_settings().lake
    _fresh(lake)
    campaign = create(FIELD, SEED, 40, 3000, 1.0).to_dict()
    counts = campaign["counts"]
    console.print(
        f"A field of {counts['institutions']} institutions, seed {SEED}: {counts['records']} records will arrive.",
        highlight=False,
    )
    port, token = free_port(), secrets.token_urlsafe(16)
    env = _environment(lake, port, token)
    nights = [str(night) for night in json.loads((FIELD / "campaign.json").read_text(encoding="utf-8"))["nights"]]
    deliver(FIELD, datetime.fromisoformat(nights[0]), FIELD / "inbox")
    server = [sys.executable, "-m", "pipeline.cli", "sandbox", "serve", str(FIELD), "--port", str(port)]
    try:
        with serving(server, f"http://127.0.0.1:{port}/api/v1/health", env):
            with console.status("starting Airflow"):
                airflow = LocalAirflow(env)
                airflow.__enter__()
            try:
                airflow.wait_for_dags(DAGS)
                _play(airflow, nights)
            finally:
                airflow.__exit__(None, None, None)
    except AirflowTrouble as trouble:
        console.print(f"[bold red]The campaign stopped[/]: {trouble}", highlight=False)
        return 1
    _show(lake)
    console.print(f"\nPlayed in {time.monotonic() - began:.0f} s.", highlight=False)
    return 0


def _play(airflow: LocalAirflow, nights: list[str]) -> None:
    with console.status("first receipts: seven routes, each tells build_census"):
        runs = [(f"receive_{route}", airflow.trigger(f"receive_{route}", {"now": nights[0]})) for route in ROUTES]
        for dag_id, run_id in runs:
            airflow.wait(dag_id, run_id)
        airflow.settle("build_census")
    for night in nights:
        with console.status(f"the night of {night[:10]}"):
            deliver(FIELD, datetime.fromisoformat(night), FIELD / "inbox")
            start = time.monotonic()
            run = airflow.run("nightly_reconciliation", now=night)
            share = _airflow_share(airflow, str(run["dag_run_id"]), time.monotonic() - start)
        console.print(
            f"{night[:10]}  received, built, balanced, published in {time.monotonic() - start:4.1f} s (Airflow's own share {share:.1f} s)",
            highlight=False,
        )
    with console.status("a release for analysts"):
        airflow.run("publish_release")
    console.print("release     census.duckdb made", highlight=False)


def _airflow_share(airflow: LocalAirflow, run_id: str, wall: float) -> float:
    """Seconds of a night in which no task of ours was at work: scheduling, queueing, waiting."""
    build = airflow.runs("build_census")[0]["dag_run_id"]
    tasks = [t for t in airflow.tasks("nightly_reconciliation", run_id) if t["task_id"] != "build"] + airflow.tasks(
        "build_census", build
    )
    spans = sorted(
        (datetime.fromisoformat(t["start_date"]), datetime.fromisoformat(t["end_date"]))
        for t in tasks
        if t["start_date"] and t["end_date"]
    )
    busy, reached = 0.0, spans[0][0]
    for start, end in spans:
        busy += max(0.0, (end - max(start, reached)).total_seconds())
        reached = max(reached, end)
    return wall - busy


def _fresh(lake: Path) -> None:
    if lake.exists() and any(lake.iterdir()) and not (lake / MARK).exists():
        console.print(
            f"[bold red]{lake} holds a lake that is not a simulated one.[/] Set SANAQ_LAKE to another folder and run again."
        )
        raise SystemExit(1)
    shutil.rmtree(lake, ignore_errors=True)
    shutil.rmtree(FIELD, ignore_errors=True)
    lake.mkdir(parents=True, mode=0o700)
    (lake / MARK).touch()


def _environment(lake: Path, port: int, token: str) -> dict[str, str]:
    return {
        **os.environ,
        "SANAQ_LAKE": str(lake),
        "SANAQ_INBOX": str(FIELD / "inbox"),
        "SANAQ_PORTAL_URL": f"http://127.0.0.1:{port}",
        "SANAQ_PORTAL_TOKEN": token,
        "SANAQ_ALLOW_PLAIN_VOLUME": "true",
    }


def _show(lake: Path) -> None:
    operations = lake / "operations" / "current"
    with duckdb.connect(str(operations / "operations.duckdb"), read_only=True) as con:
        _table(con, "Coverage by category", "SELECT * FROM coverage.category ORDER BY ALL")
        _table(
            con,
            "Ledger by route",
            "SELECT route, sum(COLUMNS('_count$'))::BIGINT FROM quality.ledger GROUP BY ROLLUP (route) ORDER BY route NULLS LAST",
        )
    console.print("\nThe night's page      ", operations / "index.html", soft_wrap=True, highlight=False)
    console.print("operations.duckdb     ", operations / "operations.duckdb", soft_wrap=True, highlight=False)
    console.print(
        "census.duckdb         ", lake / "published" / "current" / "census.duckdb", soft_wrap=True, highlight=False
    )


def _table(con: duckdb.DuckDBPyConnection, title: str, sql: str) -> None:
    cursor = con.execute(sql)
    table = Table(title=title, title_justify="left")
    for column in cursor.description or []:
        table.add_column(
            str(column[0]).removesuffix("_count"),
            justify="left" if column[0] in ("category_code", "route") else "right",
        )
    for row in cursor.fetchall():
        table.add_row(
            *("" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value) for value in row)
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
