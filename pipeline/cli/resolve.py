"""`sanaq resolve`: why records are one person."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline import night
from pipeline.cli.options import AsJson, BuildId
from pipeline.cli.review import Language
from pipeline.cli.terminal import out, print_json, show_record
from pipeline.desk import words

app = typer.Typer(no_args_is_help=True, help="Which records are one person, and why.")


@app.callback()
def resolve() -> None:
    """Which records are one person, and why."""


@app.command()
def explain(
    person_id: Annotated[
        str, typer.Argument(metavar="PERSON_ID", help="Id of a person, or one it had on an earlier night.")
    ],
    identity: Annotated[
        bool, typer.Option("--identity", help="Show names, numbers and dates; who looks is written down.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="With --identity: your employee_id.")] = None,
    with_s3: Annotated[bool, typer.Option("--s3", help="With --identity: also at an S3 institution.")] = False,
    language: Language = words.Language.ru,
    build_id: BuildId = None,
    as_json: AsJson = False,
) -> None:
    """Say why records are one person and near ones are not, in words and as points that add up; without names."""
    from pipeline.desk.explain import told, waterfall

    if identity and by is None:
        raise typer.BadParameter("say who looks", param_hint="--by")
    with night.explain(build_id) as room:
        found = room.person(person_id)
        said = room.identity(found, by, is_s3=with_s3) if identity and by else {}
    found["records"] = [row | said.get(row["record_id"], {}) for row in found["records"]]
    if as_json:
        print_json({**found, "words": told(found, language)})
        return
    out.print(f"[bold]{found['person_id']}[/]")
    for line in told(found, language):
        out.print(line, markup=False, soft_wrap=True)
    for row in found["records"]:
        out.print(f"\n[bold]{row['no']}[/]", end="")
        show_record({name: value for name, value in row.items() if name != "no" and value is not None})
    numbers = {row["record_id"]: row["no"] for row in found["records"]}
    for pair in [*found["together"], *found["near"]]:
        other = numbers.get(pair["other_record_id"], f"{(pair['other_person_id'] or '?')[:12]}…")
        out.print(f"\n[bold]{numbers[pair['record_id']]} — {other}[/]")
        for line, points in waterfall(pair, language):
            out.print(f"  {line}", style="green" if points > 0 else "red" if points < 0 else "dim", soft_wrap=True)
