"""`make run`: play a simulated campaign through Airflow's real scheduler, three nights and a release, and show what came out."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from pipeline.cli.options import Route
from pipeline.lake import SIMULATED, Lake
from pipeline.settings import PREFIX, PROJECT, load_settings
from sandbox import census_db
from sandbox.campaign import NIGHTS, create
from sandbox.deliver import deliver
from sandbox.seals import ROOT, key_of, public
from sandbox.sftp import access
from tools.airflow_local import HOMES, AirflowTrouble, LocalAirflow, free_port
from tools.children import stop_on_signals

SEED = 2021
DAGS = {"build_census", "nightly_reconciliation", "publish_release", *(f"receive_{route}" for route in Route)}
RECEIVED = re.compile(r'"received_at": "([^"]+)"')
STUMBLES = ("unavailable", "too_many")  # what the portal's first pages are answered with
console = Console(highlight=False, soft_wrap=True)

# Categories under protection are one line: in a small region each of them is one house.
COVERAGE = """
    SELECT
        CASE WHEN tier = 'S3' THEN 'protected (S3)' ELSE category_code END AS line,
        concat_ws(
            ' ', nullif(sum(firm_count)::BIGINT, 0) || 'F', nullif(sum(provisional_count)::BIGINT, 0) || 'P',
            nullif(sum(missing_count)::BIGINT, 0) || 'M'
        ) AS "sites by\ngrade",
        sum(expected_present_count)::BIGINT AS "present\nexpect",
        sum(present_count)::BIGINT AS "\ncounted",
        sum(compared_present_count) / nullif(sum(expected_present_count), 0) AS "\n%",
        sum(expected_usual_count)::BIGINT AS "usual\nexpect",
        sum(usual_count)::BIGINT AS "\ncounted ",
        sum(compared_usual_count) / nullif(sum(expected_usual_count), 0) AS "\n% "
    FROM coverage.category
    GROUP BY GROUPING SETS ((1), ())
    ORDER BY ALL NULLS LAST
"""
LEDGER = """
    SELECT
        route, sum(received_count)::BIGINT AS "re-\nceived",
        sum(unreadable_count)::BIGINT AS "un-\nreadable", sum(repeated_count)::BIGINT AS "re-\npeated",
        sum(quarantined_count)::BIGINT AS "quaran-\ntined", sum(superseded_count)::BIGINT AS "super-\nseded",
        sum(out_of_scope_count)::BIGINT AS "out of\nscope", sum(duplicate_count)::BIGINT AS "dupli-\ncate", sum(counted_count)::BIGINT AS "\ncounted"
    FROM quality.ledger
    GROUP BY GROUPING SETS ((route), ())
    ORDER BY route NULLS LAST
"""
BALANCE = """
    SELECT
        sum(received_count)::BIGINT,
        sum(
            unreadable_count + repeated_count + quarantined_count + superseded_count + out_of_scope_count + duplicate_count + counted_count
        )::BIGINT
    FROM quality.ledger
"""


def main() -> int:
    """Play the campaign; 0 when every night balanced and was published."""
    stop_on_signals()
    _stand_alone()
    options = _options()
    began = time.monotonic()
    lake, field = load_settings().lake, options.field
    if not _is_ours(lake):
        console.print(
            f"[bold red]{lake} holds a lake that is not, or not only, a simulated one.[/] Set SANAQ_LAKE to another folder and run again."
        )
        return 1
    port, db_port, secret, password = free_port(), free_port(), secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    keys = tempfile.TemporaryDirectory()  # not in the field: that is cleared once nobody else is at work in it
    way_in = access(Path(keys.name), free_port())
    sandbox = [sys.executable, "-m", "pipeline.cli", "sandbox"]
    portal = [*sandbox, "serve", str(field), "--port", str(port), *(f"--fault={name}" for name in STUMBLES)]
    gateway = [*sandbox, "serve-sftp", str(field / "inbox"), "--keys", keys.name, "--port", str(way_in.port)]
    database = [*sandbox, "serve-db", str(field), "--port", str(db_port)]
    settings = {
        "SANAQ_LAKE": str(lake),
        "SANAQ_INBOX": str(field / "inbox"),
        "SANAQ_PORTAL_URL": f"http://127.0.0.1:{port}",
        "SANAQ_PORTAL_SECRET": secret,
        **way_in.settings(),
        "SANAQ_CENSUS_DB_URL": f"postgresql://{census_db.READER}@127.0.0.1:{db_port}/{census_db.DATABASE}",
        "SANAQ_CENSUS_DB_PASSWORD": password,
        "SANAQ_ODK_URL": "",  # sanaq.toml may name one, and people who are real
        "SANAQ_TRUST_ROOT": public(key_of(SEED, ROOT)),
        "SANAQ_ID_KEY": f"the ids of a simulated field, {SEED}",  # no secret: the same field has the same ids again
        "SANAQ_ALLOW_PLAIN_VOLUME": "true",
    }
    try:
        with keys, LocalAirflow(options.airflow_home, settings, is_fresh=True) as airflow:
            with console.status("inventing a field, starting Airflow"):
                _clear(lake, field)
                campaign = create(field, SEED, options.institutions, options.people, 1.0).to_dict()
                airflow.children.start("portal", portal, airflow.env)
                airflow.children.start("gateway", gateway, airflow.env)
                airflow.children.start("census_db", database, airflow.env)
                airflow.wait_until_ready(DAGS)
                census_db.wait_until_served(field)
            counts: dict[str, int] = campaign["counts"]
            console.print(
                f"A field of {counts['institutions']} institutions, seed {SEED}: {counts['records']} records are on their way, the last of them after the last night."
            )
            _play(airflow, field, [str(night) for night in campaign["nights"]])
    except AirflowTrouble as trouble:
        console.print(f"[bold red]The campaign stopped[/]: {trouble}")
        return 1
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    _show(lake)
    console.print(f"\nPlayed in {time.monotonic() - began:.0f} s.")
    return 0


def _stand_alone() -> None:
    """Forget every setting of the shell but the lake: a simulated campaign asks no server and uses no secret of a real one."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX) and name != "SANAQ_LAKE"]:
        del os.environ[name]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description="Play a simulated campaign through Airflow.")
    parser.add_argument("--institutions", type=int, default=40)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--field", type=Path, default=PROJECT / "data" / "sandbox" / "run")
    parser.add_argument("--airflow-home", type=Path, default=HOMES / "run")
    return parser.parse_args()


def _is_ours(lake: Path) -> bool:
    """Whether nothing is lost with the lake: it is empty; or it is marked, and nothing was received there after the simulated nights."""
    if not lake.exists() or not any(lake.iterdir()):
        return True
    receipts = Lake(lake).receipts
    moments = RECEIVED.findall(receipts.read_text(encoding="utf-8")) if receipts.exists() else []
    end = datetime.fromisoformat(NIGHTS[-1]) + timedelta(days=1)
    return (lake / SIMULATED).exists() and all(datetime.fromisoformat(moment) < end for moment in moments)


def _clear(lake: Path, field: Path) -> None:
    shutil.rmtree(lake, ignore_errors=True)
    shutil.rmtree(field, ignore_errors=True)
    lake.mkdir(parents=True, mode=0o700)
    (lake / SIMULATED).touch()


def _play(airflow: LocalAirflow, field: Path, nights: list[str]) -> None:
    deliver(field, datetime.fromisoformat(nights[0]), field / "inbox")
    with console.status("first receipts: nine routes, each tells build_census of what came"):
        for dag_id, run_id in [
            (f"receive_{route}", airflow.trigger(f"receive_{route}", now=nights[0])) for route in Route
        ]:
            airflow.wait(dag_id, run_id)
        builds = airflow.settle("build_census")
    _require_success(builds)
    console.print(f"receipts    nine routes looked at; build_census was started {len(builds)} times by what came")
    console.print("            (the portal answered 503 and 429 first; its pull waited, asked again and went on)")
    for night in nights:
        with console.status(f"the night of {night[:10]}"):
            deliver(field, datetime.fromisoformat(night), field / "inbox")
            start = time.monotonic()
            run = airflow.run("nightly_reconciliation", now=night)
            wall = time.monotonic() - start
            share = _airflow_share(airflow, str(run["dag_run_id"]), wall)
        console.print(
            f"{night[:10]}  received, built, balanced, published in {wall:4.1f} s (Airflow's own share {share:.1f} s)"
        )
    with console.status("a release for analysts"):
        airflow.run("publish_release")
    console.print("release     census.duckdb made")


def _require_success(runs: list[dict[str, Any]]) -> None:
    failed = [run["dag_run_id"] for run in runs if run["state"] != "success"]
    if failed or not runs:
        raise AirflowTrouble(f"build_census: {', '.join(failed) or 'no run was started by what landed'}")


def _airflow_share(airflow: LocalAirflow, run_id: str, wall: float) -> float:
    """Seconds of a night in which no task of ours was at work: scheduling, queueing, waiting."""
    tasks = [task for task in airflow.tasks("nightly_reconciliation", run_id) if task["task_id"] != "build"]
    tasks += airflow.tasks("build_census", airflow.runs("build_census")[0]["dag_run_id"])
    spans = sorted(
        (datetime.fromisoformat(task["start_date"]), datetime.fromisoformat(task["end_date"]))
        for task in tasks
        if task["start_date"] and task["end_date"]
    )
    busy, reached = 0.0, spans[0][0]
    for start, end in spans:
        busy += max(0.0, (end - max(start, reached)).total_seconds())
        reached = max(reached, end)
    return wall - busy


def _show(lake: Path) -> None:
    operations, published = lake / "operations" / "current", lake / "published" / "current"
    with duckdb.connect(str(operations / "operations.duckdb"), read_only=True) as con:
        _table(con, "Coverage by category; the expectation of a site is F firm, P provisional, M missing", COVERAGE)
        _table(con, "Ledger by route: every record received, and the one state it ended in", LEDGER)
        received, accounted = con.execute(BALANCE).fetchall()[0]
    console.print(f"{received} records received, {accounted} accounted for")
    console.print("\nthe night's page   ", operations / "index.html")
    console.print("operations.duckdb  ", operations / "operations.duckdb")
    console.print("census.duckdb      ", published / "census.duckdb")


def _table(con: duckdb.DuckDBPyConnection, title: str, sql: str) -> None:
    cursor = con.execute(sql)
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        show_footer=True,
        box=SIMPLE,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    names = [str(column[0]) for column in cursor.description or []]
    *rows, total = cursor.fetchall()
    for name, value in zip(names, total, strict=True):
        is_word = name in ("line", "route", "sites by\ngrade")
        footer = "all" if name in ("line", "route") else _cell(value)
        table.add_column("" if name == "line" else name, footer, justify="left" if is_word else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(_cell, row))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{100 * value:.1f}"
    return "–" if value is None else str(value)


if __name__ == "__main__":
    sys.exit(main())
