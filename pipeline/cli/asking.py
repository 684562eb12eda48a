"""What stands, and why: status, ledger, query, doctor, and the dictionary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline import night
from pipeline.cli.options import AsJson, BuildId, Route
from pipeline.cli.terminal import out, print_json, show, show_stations
from pipeline.errors import BadQuery, BadSetting, NothingToBuild
from pipeline.lake import NOT_TAKEN, in_utc
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from pipeline.doctor import Finding

STATES = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")
MISSING = ("route", "record_id", "case_id", "age_hours")

app = typer.Typer()


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what has been received, what is published and what waits."""
    _, lake = night.opened()
    standing = night.standing(lake)
    rows = [{"route": route.value, **standing["received"].get(route.value, night.NOTHING_RECEIVED)} for route in Route]
    if as_json:
        print_json({**standing, "received": rows})
        return
    out.print(f"{'lake':<11} {standing['lake']}", markup=False, soft_wrap=True)
    show(rows, as_json=False, title="Received so far")
    for name in ("build", "operations", "release"):
        said = standing[name]
        out.print(
            f"{name:<11} {said['name'] + ', as of ' + in_utc(said['as_of']) if said else 'none yet'}", soft_wrap=True
        )
    if hours := standing["late_hours"]:
        out.print(
            f"{'late':<11} what is published is {hours} hours old: no later night stands published; see why it failed, did not run or was taken back",
            soft_wrap=True,
        )
    if standing["closed"]:
        _show_closed(standing["closed"])
    for row in standing["rolled_back"]:
        command = {"operations": "publish", "published": "release"}[row["room"]]
        said = f"{row['room']}, by {row['decided_by']} on {in_utc(row['decided_at'])}: {row['why']}"
        # what stood last, not what had been rejected before it
        last = row["from"] if row["from"] in row["withdrawn"] else row["withdrawn"][-1]
        todo = f"mend it, then sanaq build, reconcile, {command}; or sanaq {command} --restore {last}"
        out.print(f"{'taken back':<11} {said}\n{'':<11} next: {todo}", markup=False, soft_wrap=True)
    waits = standing["waiting_batch_count"]
    out.print(f"{'to publish':<11} {f'{waits} batches: sanaq build, reconcile, publish' if waits else 'nothing'}")
    for outcome in NOT_TAKEN:
        if rows := [row for row in standing["not_taken"] if row["outcome"] == outcome]:
            said = ", ".join(f"{row['place_count']} {row['route']} {row['reason'] or ''}".strip() for row in rows)
            out.print(f"{outcome:<11} {said}; {lake.receipts} says where they lie", soft_wrap=True)
    if standing["control_gaps"]:
        show(
            standing["control_gaps"],
            as_json=False,
            title="Counted by the sender, not arrived (as of what is published)",
        )
    elif standing["control_gaps"] is not None:
        out.print(f"{'gaps':<11} none: all that senders counted had arrived")


def _show_closed(closed: dict[str, Any]) -> None:
    said = f"since {in_utc(closed['decided_at'])}, by {closed['decided_by']}: {closed['why']}"
    out.print(
        f"{'closed':<11} {said}\n{'':<11} on build {closed['build_id']}, as of {in_utc(closed['as_of'])}",
        markup=False,
        soft_wrap=True,
    )
    came = ", ".join(f"{count} {route}" for route, count in closed["waiting"].items())
    waits = f"{came}: waits, is not counted; `sanaq reopen` takes it in" if came else "nothing"
    out.print(f"{'since then':<11} {waits}", markup=False, soft_wrap=True)


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
            show_stations(desk.trace(trace), as_json, title=f"The way of {trace}")
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
    show(rows, as_json, title="Ledger: records received and what became of them")


@app.command()
def missing(build_id: BuildId = None, as_json: AsJson = False) -> None:
    """Show the cases that came by portal, VPN or USB and are not in the Census Database after 72 hours, and what it had and has no more."""
    with night.desk(build_id) as desk:
        cases = desk.missing()
    rows = cases if as_json else [{name: case[name] for name in MISSING} for case in cases]
    show(rows, as_json, title="Not in the Census Database")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the published tables.")],
    release_: Annotated[
        bool, typer.Option("--release", help="Ask census.duckdb (last release) and not operations.duckdb (last night).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the published database a question."""
    show(_rows(sql, release=release_), as_json, title="census" if release_ else "operations")


@app.command()
def docs() -> None:
    """Write docs/dictionary.md from the table schemas and the last section of docs/measures.md from the docstrings."""
    from pipeline.count.measures.describe import write_measures
    from pipeline.publish.dictionary import write_dictionary

    for page in (write_dictionary(load_settings()), write_measures()):
        out.print(str(page), soft_wrap=True, highlight=False)


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="Snapshot in operations/, by its name or: previous, current.")
    ],
    now: Annotated[str, typer.Argument(metavar="B", help="Another; the present one when left out.")] = "current",
    as_json: AsJson = False,
) -> None:
    """Show what differs between any two nights that are kept: the cause, the counts, rows and columns of tables."""
    from pipeline.publish.difference import difference

    _, lake = night.opened()
    found = difference(lake, before, now)
    if as_json:
        print_json(found)
        return
    for side in ("from", "to"):
        out.print(f"{side:<5} {found[side]['snapshot_id']}, as of {in_utc(found[side]['as_of'])}", soft_wrap=True)
    tables = [
        {name: ", ".join(cell) if isinstance(cell, list) else cell for name, cell in row.items()}
        for row in found["tables"]
    ]
    for rows, title in (
        (found["causes"], "What they are made from"),
        (found["counts"], "Counts that differ"),
        (tables, "Tables that differ: rows and columns"),
    ):
        show(rows, as_json=False, title=title)


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
        print_json({"findings": [finding.row() for finding in findings], "settings": listed(settings)})
    else:
        for finding in findings:
            colour = {"ok": "green", "attention": "yellow", "failed": "bold red"}[finding.level]
            out.print(f"[{colour}]{finding.level:<9}[/] {finding.check:<16} ", end="")
            out.print(finding.found, markup=False, soft_wrap=True)
            if finding.next:
                out.print(f"{'':<27}next: {finding.next}", markup=False, soft_wrap=True)
        _settings(listed(settings))
        _verdict(findings)
    if any(finding.level == "failed" for finding in findings):
        raise typer.Exit(1)


def _verdict(findings: list[Finding]) -> None:
    """Say how many findings there are, what the exit code means, and which to look at first."""
    count = Counter(finding.level for finding in findings)
    failed, attention = count["failed"], count["attention"]
    verdict = "not fit for a night" if failed else "fit for a night"
    out.print(
        f"\n[bold]{verdict}[/]: {failed} failed, {attention} to attend to, {count['ok']} ok; exit code {int(failed > 0)}",
        soft_wrap=True,
    )
    first = next((finding for level in ("failed", "attention") for finding in findings if finding.level == level), None)
    if first:
        out.print(f"first: {first.check}: {first.next}", markup=False, soft_wrap=True)


def _settings(rows: list[dict[str, Any]]) -> None:
    out.print("\n[bold]Settings[/]")
    for row in rows:
        value = "" if row["value"] is None else row["value"]
        out.print(f"  {row['setting']:<25} {value}", markup=False, soft_wrap=True)
        out.print(f"  {'':<25} {row['expects']}", markup=False, soft_wrap=True, style="dim")


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
    except duckdb.PermissionException:
        raise BadQuery(
            "files are neither read nor written from here, and nothing is attached or loaded",
            where="query",
            todo="Ask the tables: SHOW ALL TABLES lists them, --json writes rows out. To join a file of yours, open the database read-only "
            f"in a DuckDB of your own: ATTACH '{path}' (READ_ONLY).",
        ) from None
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
