"""`sanaq review`: pairs that may be one person, decided pair by pair in the terminal or on an encrypted sheet for two."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from pipeline import night
from pipeline.cli.options import AsJson, BuildId, By, Now
from pipeline.cli.terminal import out, print_json, show, shown
from pipeline.desk import words
from pipeline.settings import load_settings

LISTED = ("pair_id", "reason", "score", "standing", "left_institution_id", "right_institution_id")
STYLES = {None: "dim", 2: "", 1: "yellow", 0: "dim", -1: "bold red"}
KEYS = {"s": "same", "d": "different", "u": "unsure"}

Language = Annotated[words.Language, typer.Option(help="Language of reasons and fields.")]
WithS3 = Annotated[
    bool, typer.Option("--s3", help="Also pairs that touch an S3 institution; two people decide on them.")
]
Sheet = Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The encrypted workbook.")]

app = typer.Typer(
    invoke_without_command=True,
    help="Pairs that may be one person. Without a command: pair by pair in the terminal. Decisions are appended, never changed, "
    "and replayed in every build.",
)


@app.callback()
def work(
    ctx: typer.Context,
    by: Annotated[str | None, typer.Option(help="Who decides: employee_id of the register's sheet `employee`.")] = None,
    why: Annotated[str | None, typer.Option(help="A note kept with what is decided, without names.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many pairs at most.")] = 50,
    pair: Annotated[
        str | None,
        typer.Option(metavar="PAIR", help="Only this pair, to think again: also one decided, or that you spoke about."),
    ] = None,
    with_s3: WithS3 = False,
    language: Language = words.Language.ru,
    now: Now = None,
    build_id: BuildId = None,
) -> None:
    """Work pair by pair: both records side by side, differences marked; whoever looks is written down."""
    if ctx.invoked_subcommand is not None:
        return
    if by is None:
        raise typer.BadParameter(
            "say who decides: `sanaq review --by YOUR-ID` shows pair after pair, with names; "
            "`sanaq review list` what waits, without; `sanaq review --help` the rest",
            param_hint="--by",
        )
    from pipeline.desk.review import Word

    decided = 0
    with night.review(build_id) as desk:
        desk.require_employee(by)
        waiting = [desk.pair(pair, is_s3=with_s3)] if pair else desk.waiting(by, is_s3=with_s3)
        if not waiting:
            out.print(words.say(language, "terminal", "nothing"))
        for number, row in enumerate(waiting[:limit], 1):
            fields = desk.compared([row["pair_id"]], by, "review")[row["pair_id"]]
            _show_pair(row, fields, number, min(limit, len(waiting)), language)
            key = _key(words.say(language, "terminal", "keys"))
            if key == "q":
                break
            if key in KEYS:
                decided += desk.decide(
                    [Word((row["left_case_id"], row["right_case_id"]), KEYS[key], by, why)], night.clock(now)
                )
        left = len(desk.waiting(by, is_s3=with_s3))
    if waiting:
        out.print(words.say(language, "terminal", "left_over", decided=decided, left=left), soft_wrap=True)


@app.command("list")
def list_pairs(
    decided: Annotated[
        bool, typer.Option("--decided", help="Also what people decided, since the build or before.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the first in rank.")] = 50,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Show the worklist: what people left open first, then what changes the count, likeliest first. Ids and points only."""
    from pipeline.desk.review import DONE

    with night.review(build_id) as desk:
        pairs = [row for row in desk.pairs() if decided or row["standing"] not in DONE]
    if as_json:
        print_json(pairs)
        return
    rows = [{name: row[name] for name in LISTED} for row in pairs[:limit]]
    show(rows, as_json=False, title="Pairs that may be one person", elided=("reason",))
    if len(pairs) > limit:
        out.print(f"{limit} of {len(pairs)} shown; --limit shows more")


@app.command("export")
def export_sheet(
    file: Sheet,
    by: By,
    expires_days: Annotated[
        int, typer.Option(min=1, max=60, help="Days until the sheet is no longer taken back.")
    ] = 14,
    limit: Annotated[int, typer.Option(min=1, max=2000, help="How many pairs at most, the first in rank.")] = 200,
    language: Language = words.Language.ru,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Write an encrypted workbook two people can work on; never with an S3 pair. Whoever takes it out is written down."""
    from pipeline.desk import sheet

    password = _password(is_new=True)
    with night.review(build_id) as desk:
        rows = desk.waiting(is_s3=False)[:limit]
        done = sheet.export(desk, rows, file, password, by, days=expires_days, language=language)
    show([done], as_json, title="Exported")


@app.command("import")
def import_sheet(
    file: Sheet,
    by: Annotated[list[str], typer.Option(help="employee_id of the first column; given again, of the second.")],
    now: Now = None,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Take the decisions of a workbook back: all, or, where a line is wrong, none. Again does nothing twice."""
    from pipeline.desk import sheet

    password = _password(is_new=False)
    with night.review(build_id) as desk:
        done = sheet.take_back(desk, file, password, by, night.clock(now))
    if as_json:
        print_json(done)
        return
    disagreements = done.pop("disagreements")
    show([done], as_json=False, title="Taken back")
    if disagreements:
        out.print(
            "[bold]Where two people disagree, the machine's choice stands until one of them thinks again, or a third decides[/]"
        )
        for each in disagreements:
            said = ", ".join(f"{who}: {what}" for who, what in each.items() if who != "pair_id")
            out.print(f"  {each['pair_id']}  {said}", markup=False, soft_wrap=True)


def _show_pair(row: dict[str, Any], fields: list[Any], number: int, total: int, language: words.Language) -> None:
    out.rule(words.say(language, "terminal", "pair", number=number, total=total, pair=row["pair_id"]))
    table = Table(box=SIMPLE_HEAD, show_header=False, pad_edge=False)
    for each in fields:
        said, style = each.worded(language), STYLES[each.likeness]
        cells = (Text(shown(said.left), style), Text(said.sign, style), Text(shown(said.right), style))
        table.add_row(Text(words.say(language, "field", each.field), "dim"), *cells)
    out.print(table)
    score = "" if row["score"] is None else " · " + words.say(language, "terminal", "points", score=row["score"])
    standing = "" if row["standing"] == "waits" else " · " + words.say(language, "standing", row["standing"])
    out.print(words.say(language, "reason", row["reason"]) + score + standing, markup=False, soft_wrap=True)


def _key(keys: str) -> str:
    """Wait for one of the keys; of a pipe, take the next line. The end of the input is `q`."""
    out.print(keys, style="bold")
    while True:
        said = (click.getchar() if sys.stdin.isatty() else sys.stdin.readline()[:1]) or "q"
        if said.lower() in {*KEYS, "n", "q"}:
            return said.lower()


def _password(*, is_new: bool) -> str:
    secret = load_settings().sheet_password
    return secret.get_secret_value() if secret else str(typer.prompt("Password of the sheet", hide_input=True, confirmation_prompt=is_new))  # fmt: skip
