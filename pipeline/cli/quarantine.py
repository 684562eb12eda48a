"""`sanaq quarantine`: the desk where what waits for a person is decided."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, get_args

import typer

from pipeline import night
from pipeline.cli.options import AsJson, BuildId, By, Now, Route, Why
from pipeline.cli.review import Language
from pipeline.cli.steps import make
from pipeline.cli.terminal import out, print_json, show, show_stations
from pipeline.desk import words

SAID_COLUMN = re.compile(r"(?:([1-9]\d{0,3}):)?(none|([a-z_]+)=([1-9]\d{0,4}))")
LISTED = ("record_id", "institution_id", "reason", "age_hours", "standing")

app = typer.Typer(
    no_args_is_help=True,
    help="What waits for a person. Decisions are appended, never changed, and replayed in every build.",
)

Item = Annotated[str, typer.Argument(metavar="ITEM", help="Id of a record in quarantine.")]
Items = Annotated[list[str], typer.Argument(metavar="ITEM...", help="Ids of records in quarantine.")]


@app.command("list")
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
        print_json(waiting)
        return
    rows = [{name: item[name] for name in LISTED} for item in waiting[:limit]]
    show(rows, as_json=False, title="In quarantine", elided=("reason",))
    if len(waiting) > limit:
        out.print(f"{limit} of {len(waiting)} shown; --limit shows more, --reason and --route fewer")


@app.command("show")
def show_item(
    item: Item, language: Language = words.Language.ru, build_id: BuildId = None, as_json: AsJson = False
) -> None:
    """Show one item: where it lies, its hash, why it is held and what to do about it, since when, and what was decided."""
    with night.desk(build_id) as desk:
        show_stations(desk.item(item, language), as_json, title=f"In quarantine: {item}")


@app.command("release")
def release_items(
    items: Items,
    by: By,
    why: Why,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[HEADER:]NAME=NUMBER",
            help="Of lists with unknown headers: which column is what, if not as proposed; HEADER:none of no list.",
        ),
    ] = None,
    now: Now = None,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Let records take part as if their checks had passed, from the next build on; of a version conflict the one released wins.

    Of a file with unknown headers: accept what their columns mean, for every list with these headers.
    """
    columns = _columns(column) if column else None
    with night.desk(build_id) as desk:
        show(desk.decide("release", items, by, why, night.clock(now), columns), as_json, title="Decided")


@app.command("discard")
def discard_items(
    items: Items, by: By, why: Why, now: Now = None, build_id: BuildId = None, as_json: AsJson = False
) -> None:
    """Settle items: they stay in quarantine, and wait for nobody."""
    with night.desk(build_id) as desk:
        show(desk.decide("discard", items, by, why, night.clock(now)), as_json, title="Decided")


@app.command("retry")
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
    make(open_build(lake, settings), as_json)
    with night.desk(None) as desk:
        after = desk.states([*before, *(items or [])])
    became = Counter((before.get(row["record_id"]), row["state"], row["reason"]) for row in after)
    rows = [
        {"waited_for": old, "state": state, "reason": new, "items": count}
        for (old, state, new), count in sorted(became.items(), key=str)
    ]
    show(rows, as_json, title="What waited, and what became of it")


def _columns(said: list[str]) -> dict[int, dict[str, int]]:
    """Read `full_name=2`, `2:full_name=3`, `2:none` and the like: columns by header, the first where none is named."""
    from pipeline.round.models import ListColumn

    known = get_args(ListColumn)
    columns: dict[int, dict[str, int]] = {}
    for one in said:
        found = SAID_COLUMN.fullmatch(one)
        if not found or (found[3] and found[3] not in known):
            raise typer.BadParameter(
                f"[HEADER:]NAME=NUMBER, the name one of {', '.join(known)}, or HEADER:none", param_hint="--column"
            )
        number = int(found[1] or 1)
        if number in columns and bool(columns[number]) != bool(found[3]):
            raise typer.BadParameter(
                f"header {number} is said to be of no list, and of one with columns: give one of them",
                param_hint="--column",
            )
        of_header = columns.setdefault(number, {})
        if found[3]:
            of_header[found[3]] = int(found[4])
    return columns
