"""`sanaq crosswalk`: which variables of a foreign tool are which of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline import night
from pipeline.cli.options import AsJson
from pipeline.cli.terminal import show

app = typer.Typer(
    no_args_is_help=True,
    help="Files of Survey Solutions, ODK Central and CSPro: which of their variables are which of ours.",
)

ForeignFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What the tool wrote.")]


@app.command("propose")
def propose_command(file: ForeignFile) -> None:
    """Print a draft crosswalk, matched by names and labels; a person corrects it."""
    typer.echo(night.propose_crosswalk(file), nl=False)


@app.command("lines")
def lines_command(
    file: ForeignFile,
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; it holds identified data.")],
    as_json: AsJson = False,
) -> None:
    """Write what a file is read as: a line per person, `SHA256 SUBMISSION`, or `SHA256 REASON` where there is none."""
    show([{"file": str(target), "lines": night.write_lines(file, target)}], as_json, title="Written")
