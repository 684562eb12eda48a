"""`sanaq`: the pipeline without Airflow.

Exit codes: 0 done; 1 failed; 2 a setting, option, query or reference file is wrong; 3 nothing to work on, or inputs missing; 4 a gate,
the ledger or the order of publication forbids going on; 5 the lake is busy; 6 the disk is too full; 7 the portal, the gateway
or the Census Database gives no whole answer.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline import night
from pipeline.errors import BadQuery, BadSetting, DiskFull, LakeBusy, NothingToBuild, SanaqError, named
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from pipeline.build import Build

STATES = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")
LISTED = ("record_id", "route", "kind", "institution_id", "reason", "age_hours", "last_seen_at", "standing")
WIDEST = 10_000

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From the field of a census in institutions to the analyst.",
    epilog="Exit codes: 0 done; 1 failed; 2 a setting, option, query or reference file is wrong; 3 nothing to work on, or inputs missing; "
    "4 a gate, the ledger or the order of publication forbids going on; 5 the lake is busy; 6 the disk is too full; "
    "7 the portal, the gateway or the Census Database gives no whole answer.",
)
quarantine_app = typer.Typer(
    no_args_is_help=True,
    help="What waits for a person. Decisions are appended, never changed, and replayed in every build.",
)
app.add_typer(quarantine_app, name="quarantine")
crosswalk_app = typer.Typer(
    no_args_is_help=True,
    help="Files of Survey Solutions, ODK Central and CSPro: which of their variables are which of ours.",
)
app.add_typer(crosswalk_app, name="crosswalk")
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="Id of a record in quarantine.")]
Items = Annotated[list[str], typer.Argument(metavar="ITEM...", help="Ids of records in quarantine.")]
ForeignFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What the tool wrote.")]
By = Annotated[str, typer.Option(help="Who decides: employee_id of the register's sheet `employee`.")]
Why = Annotated[str, typer.Option(help="Why, in a few words, without anybody's name or number.")]
Now = Annotated[str | None, typer.Option(help="Moment (with offset) of the decision; the system clock when left out.")]
BuildId = Annotated[str | None, typer.Option("--build", help="Build to work on; the last one made when left out.")]


class Route(StrEnum):
    """The ways bytes come in; the Census Database last, for what came by its own way is then a repetition out of there."""

    register = "register"
    list = "list"
    movement = "movement"
    headcount = "headcount"
    portal = "portal"
    tablet_vpn = "tablet_vpn"
    tablet_usb = "tablet_usb"
    census_db = "census_db"


def main() -> None:
    """Run the command line; every failure ends in one message without field values and a documented exit code."""
    from sandbox.cli import app as sandbox_app
    from sandbox.cli import evaluate_command

    if not any(group.name == "sandbox" for group in app.registered_groups):
        app.add_typer(sandbox_app, name="sandbox", help="A simulated field with known truth.")
        app.command("evaluate")(evaluate_command)
    try:
        app()
    except Exception as error:  # noqa: BLE001  # the last line of defence: drivers' messages may quote personal data
        problem = named(error)
        _complain(problem)
        sys.exit(problem.exit_code)


@app.command()
def receive(
    route: Annotated[Route | None, typer.Argument(help="Route to receive from; all of them when left out.")] = None,
    now: Annotated[
        str | None, typer.Option(help="Moment (with offset) written as the receipt; the system clock when left out.")
    ] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Look through all keys of the Census Database, as the night does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in what is new over a route and land it unchanged.

    Of all routes, one that fails does not keep the others from being received; the command then ends with its exit code.
    """
    _tell_of_retries()
    rows: list[dict[str, Any]] = []
    problems: list[SanaqError] = []
    with _progress(as_json) as progress:
        for each in [route] if route else list(Route):
            task = progress.add_task(f"receiving {each.value}", total=None)
            try:
                rows.append(_receipt_row(night.receive(each.value, now, is_sweep=sweep)))
            except (BadSetting, DiskFull, LakeBusy):  # the next route would meet the same
                raise
            except SanaqError as problem:
                problems.append(problem)
                rows.append(
                    {"route": each.value, "landed": 0, "again": 0, "waiting": 0, "refused": 0, "note": "failed"}
                )
            progress.remove_task(task)
    if len(problems) < len(rows):
        _show(rows, as_json, title="Received")
    settings, lake = night.opened()
    if not settings.inbox.is_dir() and route not in (Route.portal, Route.census_db):
        err.print(
            f"The inbox {settings.inbox} is not there: make it, or set SANAQ_INBOX.", markup=False, soft_wrap=True
        )
    if any(row["refused"] for row in rows) and not as_json:
        out.print(f"What was refused was not taken; {lake.receipts} says where it lies.", soft_wrap=True)
    for other in problems[1:]:
        _complain(other)
    if problems:
        raise problems[0]


@crosswalk_app.command("propose")
def propose_command(file: ForeignFile) -> None:
    """Print a draft crosswalk, matched by names and labels; a person corrects it."""
    typer.echo(night.propose_crosswalk(file), nl=False)


@crosswalk_app.command("lines")
def lines_command(
    file: ForeignFile,
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; it holds identified data.")],
    as_json: AsJson = False,
) -> None:
    """Write what a file is read as: a line per person, `SHA256 SUBMISSION`, or `SHA256 REASON` where there is none."""
    _show([{"file": str(target), "lines": night.write_lines(file, target)}], as_json, title="Written")


@app.command()
def build(
    as_of: Annotated[
        str | None, typer.Option(help="Moment with offset, inclusive; the newest receipt or decision when left out.")
    ] = None,
    inputs: Annotated[Path | None, typer.Option(help="Manifest of an earlier build to repeat.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make every table from what had been received by a moment."""
    from pipeline import build as builds

    if inputs and as_of:
        raise typer.BadParameter("the manifest names the moment; give one of the two", param_hint="--as-of, --inputs")
    settings, lake = night.opened()
    if inputs:
        made = builds.repeat_build(lake, settings, inputs)
    else:
        made = builds.open_build(lake, settings, night.moment(as_of) if as_of else None)
    _make(made, as_json)
    report = made.folder / "gate_report"
    unmet = _unmet(report / "report.json")
    row = {
        "build_id": made.build_id,
        "as_of": made.manifest["as_of"],
        "folder": str(made.folder),
        "gate_warnings": len(unmet),
        "gate_report": str(report / "index.html"),
    }
    _show([row], as_json, title="Built")
    if "institution rows" in unmet:
        err.print("No register is in force: every submission is held. Run `sanaq receive register`, then build again.")


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
    """Make the analysts' database from a build (the one published last when left out) and switch published/current to it."""
    result = night.release(build_id)
    _show([{"snapshot_id": result.snapshot_id, "folder": str(result.folder)}], as_json, title="Released")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what has been received, what is published and what waits."""
    _, lake = night.opened()
    standing = night.standing(lake)
    rows = [{"route": route.value, **standing["received"].get(route.value, night.NOTHING_RECEIVED)} for route in Route]
    if as_json:
        _print_json({**standing, "received": rows})
        return
    _show(rows, as_json=False, title="Received so far")
    for name in ("build", "operations", "release"):
        said = standing[name]
        out.print(f"{name:<11} {said['name'] + ', as of ' + said['as_of'] if said else 'none yet'}", soft_wrap=True)
    waits = standing["waiting_batch_count"]
    out.print(f"{'to publish':<11} {f'{waits} batches: sanaq build, reconcile, publish' if waits else 'nothing'}")
    if standing["refused"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in standing["refused"].items())
        out.print(f"{'refused':<11} {reasons}; {lake.receipts} says where they lie", soft_wrap=True)
    if standing["control_gaps"]:
        _show(
            standing["control_gaps"],
            as_json=False,
            title="Counted by the sender, not arrived (as of what is published)",
        )
    elif standing["control_gaps"] is not None:
        out.print(f"{'gaps':<11} none: all that senders counted had arrived")


@app.command()
def ledger(
    trace: Annotated[
        str | None, typer.Option(metavar="RECORD", help="Show the whole way of one record, by its id.")
    ] = None,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Show records received and what became of them, by route; or the whole way of one record, out of a build."""
    if trace:
        with night.desk(build_id) as desk:
            _show_stations(desk.trace(trace), as_json, title=f"The way of {trace}")
        return
    sums = ", ".join(f"sum({state}_count)::BIGINT AS {state}" for state in STATES)
    rows = _rows(
        f"SELECT coalesce(route, 'all routes') AS route, sum(received_count)::BIGINT AS received, {sums} FROM quality.ledger GROUP BY ROLLUP (ledger.route) ORDER BY ledger.route NULLS LAST"
    )
    if not as_json:
        rows = [
            {"records": state.replace("_", " "), **{row["route"]: row[state] for row in rows}}
            for state in ("received", *STATES)
        ]
    _show(rows, as_json, title="Ledger: records received and what became of them")


@quarantine_app.command("list")
def list_items(
    reason: Annotated[str | None, typer.Option(help="Only what is held for this reason.")] = None,
    route: Annotated[Route | None, typer.Option(help="Only what came over this route.")] = None,
    settled: Annotated[bool, typer.Option("--settled", help="Also what is settled or released already.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the oldest first.")] = 50,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Show what waits for a person, the oldest first."""
    with night.desk(build_id) as desk:
        waiting = [
            item
            for item in desk.items()
            if (reason is None or item["reason"] == reason)
            and (route is None or item["route"] == route)
            and (settled or item["standing"] in ("waits", "proposed"))
        ]
    if as_json:
        _print_json(waiting)
        return
    _show([{name: item[name] for name in LISTED} for item in waiting[:limit]], as_json=False, title="In quarantine")
    if len(waiting) > limit:
        out.print(f"{limit} of {len(waiting)} shown; --limit shows more, --reason and --route fewer")


@quarantine_app.command("show")
def show_item(item: Item, build_id: BuildId = None, as_json: AsJson = False) -> None:
    """Show one item: where it lies, its hash, why it is held, since when, and what was decided."""
    with night.desk(build_id) as desk:
        _show_stations(desk.item(item), as_json, title=f"In quarantine: {item}")


@quarantine_app.command("release")
def release_items(
    items: Items,
    by: By,
    why: Why,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER", help="Of a list with an unknown header: which column is what, if not as proposed."
        ),
    ] = None,
    now: Now = None,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Let records take part as if their checks had passed, from the next build on; of a version conflict the one released wins.

    Of a list with an unknown header: accept what its columns mean, for every list with that header.
    """
    columns = _columns(column) if column else None
    with night.desk(build_id) as desk:
        _show(desk.decide("release", items, by, why, night.clock(now), columns), as_json, title="Decided")


@quarantine_app.command("discard")
def discard_items(
    items: Items, by: By, why: Why, now: Now = None, build_id: BuildId = None, as_json: AsJson = False
) -> None:
    """Settle items: they stay in quarantine, and wait for nobody."""
    with night.desk(build_id) as desk:
        _show(desk.decide("discard", items, by, why, night.clock(now)), as_json, title="Decided")


@quarantine_app.command("retry")
def retry_items(
    items: Annotated[list[str] | None, typer.Argument(metavar="[ITEM]...")] = None,
    by: Annotated[str | None, typer.Option(help="With items: your employee_id.")] = None,
    why: Annotated[str | None, typer.Option(help="With items: why, without names.")] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Judge what waits anew, by rules and mappings as they are now: makes a build and says what became of it.

    With items, first takes back what was decided about them.
    """
    from pipeline.build import open_build

    if items and not (by and why):
        raise typer.BadParameter("to take a decision back say who and why", param_hint="--by, --why")
    with night.desk(None) as desk:
        before = {item["record_id"]: item["reason"] for item in desk.items()}
        if items and by and why:
            desk.decide("retry", items, by, why, night.clock(now))
    settings, lake = night.opened()
    _make(open_build(lake, settings), as_json)
    with night.desk(None) as desk:
        after = desk.states([*before, *(items or [])])
    became = Counter((before.get(row["record_id"]), row["state"], row["reason"]) for row in after)
    rows = [
        {"waited_for": old, "state": state, "reason": new, "items": count}
        for (old, state, new), count in sorted(became.items(), key=str)
    ]
    _show(rows, as_json, title="What waited, and what became of it")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the published tables.")],
    release_: Annotated[
        bool, typer.Option("--release", help="Ask census.duckdb (last release) and not operations.duckdb (last night).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the published database a question."""
    _show(_rows(sql, release=release_), as_json, title="census" if release_ else "operations")


@app.command()
def docs() -> None:
    """Write docs/dictionary.md from the table schemas."""
    from pipeline.publish.dictionary import write_dictionary

    out.print(str(write_dictionary(load_settings())), soft_wrap=True, highlight=False)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this machine and its settings; say what to do about each finding. Ends with 1 where something is failed."""
    from pipeline.doctor import examine, listed

    try:
        settings = load_settings()
    except BadSetting:
        if not as_json:
            _settings(listed(None))
        raise
    findings = examine(settings)
    if as_json:
        _print_json({"findings": [finding.row() for finding in findings], "settings": listed(settings)})
    else:
        for finding in findings:
            colour = {"ok": "green", "attention": "yellow", "failed": "bold red"}[finding.level]
            out.print(f"[{colour}]{finding.level:<9}[/] {finding.check:<16} ", end="")
            out.print(finding.found, markup=False, soft_wrap=True)
            if finding.next:
                out.print(f"{'':<27}next: {finding.next}", markup=False, soft_wrap=True)
        _settings(listed(settings))
    if any(finding.level == "failed" for finding in findings):
        raise typer.Exit(1)


def _make(made: Build, quiet: bool) -> None:
    """Make every step of a build, with a bar of progress, and let it be the current one."""
    from pipeline import build as builds

    settings, lake = night.opened()
    with _progress(quiet, steps=True) as progress:
        task = progress.add_task("starting", total=len(builds.STEPS) + 1)
        builds.run(lake, settings, made, on_step=lambda step: progress.update(task, description=step, advance=1))
    night.finish_build(made.build_id)


def _show_stations(way: dict[str, Any], as_json: bool, *, title: str) -> None:
    """Print a record of fields, parts with fields of their own, and lists of rows."""
    if as_json:
        _print_json(way)
        return
    out.print(f"[bold]{title}[/]")
    _show_record({name: value for name, value in way.items() if not isinstance(value, dict | list)})
    for name, part in way.items():
        for row in part if isinstance(part, list) else [part] if isinstance(part, dict) else []:
            out.print(f"[bold]{name.replace('_', ' ')}[/]")
            _show_record({key: value for key, value in row.items() if value not in (None, [])})


def _columns(said: list[str]) -> dict[str, int]:
    """Read `full_name=2` and the like."""
    from pipeline.round.models import ListColumn

    known = get_args(ListColumn)
    columns = {name: int(number) for name, _, number in (one.partition("=") for one in said) if number.isdecimal()}
    if len(columns) < len(said) or not set(columns) <= {*known} or min(columns.values()) < 1:
        raise typer.BadParameter(f"NAME=NUMBER, the name one of {', '.join(known)}", param_hint="--column")
    return columns


def _settings(rows: list[dict[str, Any]]) -> None:
    out.print("\n[bold]Settings[/]")
    for row in rows:
        value = "" if row["value"] is None else row["value"]
        out.print(f"  {row['setting']:<25} {value}", markup=False, soft_wrap=True)
        out.print(f"  {'':<25} {row['expects']}", markup=False, soft_wrap=True, style="dim")


def _unmet(report: Path) -> list[str]:
    """Return the names of the numbers with which a gate is not content."""
    findings = json.loads(report.read_text(encoding="utf-8")) if report.exists() else []
    return [finding["measure"] for finding in findings if not finding["is_met"]]


def _receipt_row(receipt: Any) -> dict[str, Any]:
    reasons = sorted({refusal.reason for refusal in receipt.refused})
    return {
        "route": receipt.route,
        "landed": len(receipt.landed),
        "again": receipt.again,
        "waiting": receipt.waiting,
        "refused": len(receipt.refused),
        "note": ", ".join(reasons) or receipt.note,
    }


def _tell_of_retries() -> None:
    """Say in one line, on a terminal, why a request is made again."""
    import stamina.instrumentation as retries

    def told(details: retries.RetryDetails) -> None:
        why = getattr(details.caused_by, "what", type(details.caused_by).__name__)
        err.print(f"{why}; trying again in {details.wait_for:.1f} s", markup=False)

    retries.set_on_retry_hooks([told])


def _rows(sql: str, *, release: bool = False) -> list[dict[str, Any]]:
    import duckdb

    _, lake = night.opened()
    path = (
        lake.published / "current" / "census.duckdb" if release else lake.operations / "current" / "operations.duckdb"
    )
    if not path.exists():
        raise NothingToBuild(
            "nothing is released yet" if release else "nothing is published yet",
            where=str(path),
            todo="Run `sanaq release` first."
            if release
            else "Run `sanaq build`, `sanaq reconcile` and `sanaq publish` first.",
        )
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            con.execute("SET enable_external_access = false")  # a question reads the tables, and no file beside them
            if not con.extract_statements(sql):
                raise BadQuery(
                    "there is no statement in it", where="query", todo="Write one, for instance SHOW ALL TABLES."
                )
            cursor = con.execute(sql)
            names = _distinct([str(column[0]) for column in cursor.description or []])
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        words = str(error).strip()  # of the user's own words and our column names, never of a value
        raise BadQuery(words, where="query", todo="Correct it; SHOW ALL TABLES lists what there is.") from None
    except duckdb.Error as error:
        raise BadQuery(
            f"{type(error).__name__}: the engine could not do this; its words may quote values and are withheld",
            where="query",
            todo="The database is read-only. A cast that may fail is written TRY_CAST; one too large for memory wants a LIMIT.",
        ) from None


def _distinct(names: list[str]) -> list[str]:
    """Number the names that come twice, so that no column is lost."""
    return [
        name if names.count(name) == 1 else f"{name}_{names[: at + 1].count(name)}" for at, name in enumerate(names)
    ]


def _progress(quiet: bool, *, steps: bool = False) -> Progress:
    counted = (BarColumn(), MofNCompleteColumn()) if steps else ()
    columns = (SpinnerColumn(), TextColumn("{task.description:<10}"), *counted, TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)


def _complain(problem: SanaqError) -> None:
    err.print(f"[bold red]{type(problem).__name__}[/]: ", end="")
    err.print(problem.what, markup=False, soft_wrap=True)
    err.print(f"  where    {problem.where}\n  next     {problem.todo}", markup=False, soft_wrap=True)


def _show(rows: list[dict[str, Any]], as_json: bool, *, title: str) -> None:
    if as_json:
        _print_json(rows)
        return
    if len(rows) == 1:
        out.print(f"[bold]{title}[/]")
        _show_record(rows[0])
        return
    table = _table(rows, title)
    needed = out.measure(table, options=out.options.update(width=WIDEST)).maximum
    if not rows:
        out.print(f"[bold]{title}[/]: no rows")
    elif out.is_terminal and needed > out.width:
        for number, row in enumerate(rows, start=1):
            out.print(f"[bold]{title}[/] {number} of {len(rows)}")
            _show_record(row)
    else:
        Console(width=max(needed, out.width), highlight=False).print(table)


def _table(rows: list[dict[str, Any]], title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in rows[0] if rows else []:
        is_number = any(isinstance(row[name], int | float) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_text(value).replace("[", "\\[") for value in row.values()))
    return table


def _show_record(row: dict[str, Any]) -> None:
    width = max(20, *(len(name) for name in row)) if row else 0
    for name, value in row.items():
        out.print(f"  {name:<{width}} {_text(value)}", markup=False, soft_wrap=True)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "" if value is None else str(value)


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(_plain(content), ensure_ascii=False, default=str, indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


if __name__ == "__main__":
    main()
