"""`sanaq`: the pipeline without Airflow.

Exit codes: 0 done; 1 failed; 2 a setting, option or reference file is wrong; 3 nothing to work on, or inputs missing; 4 a gate, the ledger or
the order of publication forbids going on; 5 the lake is busy; 6 the disk is too full.
"""

from __future__ import annotations

import json
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline import night
from pipeline.errors import NothingToBuild, SanaqError
from pipeline.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From the field of a census in institutions to the analyst.",
)
out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
BuildId = Annotated[str | None, typer.Option("--build", help="Build to work on; the last one made when left out.")]


class Route(StrEnum):
    """The ways bytes come in."""

    register = "register"
    list = "list"
    movement = "movement"
    headcount = "headcount"
    portal = "portal"
    tablet_vpn = "tablet_vpn"
    tablet_usb = "tablet_usb"


def main() -> None:
    """Run the command line; every failure ends in one message without field values and a documented exit code."""
    from sandbox.cli import app as sandbox_app
    from sandbox.cli import evaluate_command

    app.add_typer(sandbox_app, name="sandbox", help="A simulated field with known truth.")
    app.command("evaluate")(evaluate_command)
    try:
        app()
    except SanaqError as error:
        err.print(f"[bold red]{type(error).__name__}[/]: {error.what}", highlight=False)
        err.print(f"  where    {error.where}\n  next     {error.todo}", highlight=False, markup=False)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001  # the last line of defence: drivers' messages may quote personal data
        place = traceback.extract_tb(error.__traceback__)[-1]
        err.print(
            f"[bold red]{type(error).__name__}[/] at {Path(place.filename).name}:{place.lineno} (its message may quote data and is withheld)"
        )
        sys.exit(1)


@app.command()
def receive(
    route: Annotated[Route | None, typer.Argument(help="Route to receive from; all of them when left out.")] = None,
    now: Annotated[
        str | None, typer.Option(help="Moment (with offset) written as the receipt; the system clock when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring in what is new over a route and land it unchanged."""
    routes = [route] if route else list(Route)
    receipts = []
    with _progress(as_json) as progress:
        for each in routes:
            task = progress.add_task(f"receiving {each.value}", total=None)
            receipts.append(night.receive(each.value, now))
            progress.remove_task(task)
    rows = [{"route": r.route, "landed": len(r.landed), "again": r.again} for r in receipts]
    _show(rows, as_json, title="Received")


@app.command()
def build(
    as_of: Annotated[
        str | None, typer.Option(help="Moment with offset, inclusive; the newest receipt when left out.")
    ] = None,
    inputs: Annotated[Path | None, typer.Option(help="Manifest of an earlier build to repeat.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make every table from what had been received by a moment."""
    from pipeline import build as builds

    settings, lake = night.opened()
    if inputs:
        made = builds.repeat_build(lake, settings, inputs)
    else:
        made = builds.open_build(lake, settings, night.moment(as_of) if as_of else None)
    with _progress(as_json) as progress:
        task = progress.add_task("starting", total=None)
        builds.run(lake, settings, made, on_step=lambda step: progress.update(task, description=f"{step}"))
    night.finish_build(made.build_id)
    _show(
        [{"build_id": made.build_id, "as_of": made.manifest["as_of"], "folder": str(made.folder)}],
        as_json,
        title="Built",
    )


@app.command()
def reconcile(build_id: BuildId = None, as_json: AsJson = False) -> None:
    """Balance the ledger, compare with the night before, write the one page."""
    _show([night.reconcile(build_id).summary()], as_json, title="Reconciled")


@app.command()
def publish(build_id: BuildId = None, as_json: AsJson = False) -> None:
    """Switch operations/current to a build that balances."""
    result = night.publish(build_id)
    _show([{"snapshot_id": result.snapshot_id, "folder": str(result.folder)}], as_json, title="Published")


@app.command()
def release(build_id: BuildId = None, as_json: AsJson = False) -> None:
    """Make the analysts' database from a build and switch published/current to it."""
    result = night.release(build_id)
    _show([{"snapshot_id": result.snapshot_id, "folder": str(result.folder)}], as_json, title="Released")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what has been received, what is published and what waits."""
    _, lake = night.opened()
    batches = lake.batches()
    rows = [
        {
            "route": route.value,
            "batches": sum(batch["route"] == route for batch in batches),
            "newest_receipt": max((batch["received_at"] for batch in batches if batch["route"] == route), default=None),
        }
        for route in Route
    ]
    _show(rows, as_json, title="Received so far")
    if not as_json:
        current = lake.operations / "current"
        out.print(
            f"operations  {current.resolve() if current.exists() else 'nothing published yet: sanaq build, reconcile, publish'}",
            highlight=False,
        )


@app.command()
def ledger(as_json: AsJson = False) -> None:
    """Show records received and what became of them, by route."""
    states = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")
    sums = ", ".join(f"sum({state}_count)::BIGINT AS {state}" for state in states)
    _query(
        f"SELECT coalesce(route, 'all routes') AS route, sum(received_count)::BIGINT AS received, {sums} FROM quality.ledger GROUP BY ROLLUP (ledger.route) ORDER BY ledger.route NULLS LAST",
        as_json,
        title="Ledger: records received and what became of them",
    )


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the published tables.")],
    release_: Annotated[
        bool, typer.Option("--release", help="Ask census.duckdb (last release) and not operations.duckdb (last night).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the published database a question."""
    _query(sql, as_json, release=release_)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this machine and its settings; say what to do about each finding."""
    from pipeline.doctor import examine

    findings = examine(load_settings())
    _show([finding.row() for finding in findings], as_json, title="Doctor")
    if any(finding.level == "failed" for finding in findings):
        raise typer.Exit(1)


def _query(sql: str, as_json: bool, *, release: bool = False, title: str | None = None) -> None:
    import duckdb

    _, lake = night.opened()
    path = (
        lake.published / "current" / "census.duckdb" if release else lake.operations / "current" / "operations.duckdb"
    )
    if not path.exists():
        raise NothingToBuild(
            "nothing is published yet", where=str(path), todo="sanaq build, reconcile, publish (or release) first."
        )
    with duckdb.connect(str(path), read_only=True) as con:
        cursor = con.execute(sql)
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    _show(rows, as_json, title=title or path.stem)


def _progress(quiet: bool) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)


def _show(rows: list[dict[str, Any]], as_json: bool, *, title: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str, indent=2))
        return
    if len(rows) == 1:
        out.print(f"[bold]{title}[/]")
        for name, value in rows[0].items():
            out.print(f"  {name.replace('_', ' '):<20} {_text(value)}", highlight=False, soft_wrap=True)
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else []:
        is_number = isinstance(rows[0][name], int | float)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    out.print(table)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
