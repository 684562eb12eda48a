"""``sanaq sandbox``: create a campaign, let it arrive, serve its portal, its gateway and its Census Database."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import BadSetting

app = typer.Typer(help="A simulated field with known truth.", no_args_is_help=True)
Out = Annotated[Path, typer.Argument(help="folder of the campaign")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


def _show(result: dict[str, object], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        if name != "rates":
            typer.echo(f"{name}: {value}")


@app.command("create")
def create_command(
    out: Out,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    institutions: Annotated[int, typer.Option(min=1)] = 40,
    people: Annotated[int, typer.Option(min=1)] = 3000,
    rate_scale: Annotated[float, typer.Option(min=0, help="multiplies every rate of noise")] = 1.0,
    as_json: Json = False,
) -> None:
    """Create a campaign: the inbox as it fills from July to December 2021, the portal's store, and the truth."""
    from sandbox.campaign import create

    _show(create(out, seed, institutions, people, rate_scale).to_dict(), as_json)


@app.command("deliver")
def deliver_command(
    out: Out,
    until: Annotated[str, typer.Option(help="moment with an offset, for instance 2021-10-20T02:00:00+05:00")],
    inbox: Annotated[Path, typer.Option(help="the pipeline's drop folder")],
    as_json: Json = False,
) -> None:
    """Copy to the inbox what has arrived by a moment, and set the portal's clock to it."""
    from sandbox.deliver import deliver

    _require_campaign(out)
    try:
        moment = datetime.fromisoformat(until)
        result = deliver(out, moment, inbox)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--until") from None
    _show(result.to_dict(), as_json)


@app.command("serve")
def serve_command(
    out: Out,
    port: Annotated[int, typer.Option(help="0 takes a free port")] = 8765,
    secret: Annotated[str, typer.Option(envvar="SANAQ_PORTAL_SECRET")] = "sandbox",  # noqa: S107 - a play portal on the loopback
    fault: Annotated[
        list[str] | None, typer.Option(help="NAME or NAME=NUMBER, see docs/sandbox.md; again for more")
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve the portal on the loopback interface; it shows what has become available by the campaign's clock."""
    from sandbox.faults import faults_from
    from sandbox.portal import serve

    _require_campaign(out)
    try:
        faults = faults_from(fault or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fault") from None

    def announce(url: str) -> None:
        typer.echo(json.dumps({"url": url}) if as_json else f"portal at {url}")

    serve(out, port, secret, announce, faults)


@app.command("serve-sftp")
def serve_sftp_command(
    inbox: Annotated[Path, typer.Argument(help="the inbox whose tablet_vpn/ the gateway shows")],
    keys: Annotated[Path, typer.Option(help="folder of the keys; made where missing")],
    port: Annotated[int, typer.Option(help="0 takes a free port")] = 8722,
    as_json: Json = False,
) -> None:
    """Serve the SFTP gateway of the VPN tablets on the loopback interface."""
    from sandbox.sftp import Access, serve

    def announce(way_in: Access) -> None:
        said = {"url": way_in.url, "key": str(keys / "client_key"), "known_hosts": str(way_in.known_hosts)}
        typer.echo(json.dumps(said) if as_json else "\n".join(f"{name}: {value}" for name, value in said.items()))

    serve(inbox, keys, port, announce)


@app.command("serve-db")
def serve_db_command(
    out: Out,
    port: Annotated[int, typer.Option(help="0 takes a free port")] = 5433,
    password: Annotated[str, typer.Option(envvar="SANAQ_CENSUS_DB_PASSWORD")] = "sandbox",  # noqa: S107 - a play database on the loopback
    as_json: Json = False,
) -> None:
    """Serve the Census Database, a PostgreSQL on the loopback interface; `deliver` fills it up to the campaign's clock."""
    from sandbox.census_db import serve

    _require_campaign(out)

    def announce(url: str) -> None:
        typer.echo(json.dumps({"url": url}) if as_json else f"Census Database at {url}")

    serve(out, port, password, announce)


@app.command("volume")
def volume_command(
    out: Out,
    rows: Annotated[int, typer.Option(min=1, help="submissions")],
    seed: Annotated[int, typer.Option(min=0)] = 1,
    as_json: Json = False,
) -> None:
    """Write a large inbox for measuring: a register, lists, and full-width submissions in tablet bundles."""
    from sandbox.volume import write_volume

    _show(write_volume(out, rows, seed).to_dict(), as_json)


def evaluate_command(
    truth: Annotated[Path, typer.Option(help="folder `truth` of the campaign that was received")],
    build: Annotated[str | None, typer.Option(help="build to judge; the last one made when left out")] = None,
    as_json: Json = False,
) -> None:
    """Hold a build against the truth of a simulated field: missed, counted twice, wrongly included, ledger states."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console

    from pipeline.night import build_folder, opened
    from sandbox.evaluate import evaluate

    _require_truth(truth)
    _, lake = opened()
    result = evaluate(build_folder(lake, build), truth)
    if as_json:
        typer.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=2))
        return
    console = Console()
    for table in result.tables():
        table.box, table.pad_edge = SIMPLE_HEAD, False
        needed = Console(width=1000).measure(table).maximum
        (Console(width=needed) if needed > console.width else console).print(table, soft_wrap=True)


def _require_campaign(folder: Path) -> None:
    todo = f"Name a folder that `sanaq sandbox create` filled, or fill this one: `sanaq sandbox create {folder}`."
    _require(folder, ("timeline.json", "field"), "campaign", todo)


def _require_truth(folder: Path) -> None:
    todo = "Name the folder `truth` inside the campaign that `sanaq sandbox create` made, for instance --truth campaign/truth."
    _require(folder, ("persons.parquet", "records.parquet"), "truth of a campaign", todo)


def _require(folder: Path, names: tuple[str, ...], what: str, todo: str) -> None:
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise BadSetting(f"this is no {what}: {', '.join(missing)} missing", where=str(folder), todo=todo)
