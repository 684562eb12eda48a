"""`sanaq sign-off`, `sanaq close` and `sanaq reopen`: the end of a round."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline import night
from pipeline.cli.options import AsJson, By, Now, Why
from pipeline.cli.terminal import show

SHOWN = ("decided_at", "build_id", "expected_present_count", "signed_present_count")

app = typer.Typer()


@app.command(name="sign-off")
def sign_off(
    institution: Annotated[str, typer.Argument(help="institution_id, as the register has it.")],
    present: Annotated[int, typer.Option(min=0, help="Present at the census moment, as the head signed.")],
    usual: Annotated[int, typer.Option(min=0, help="Usual residents, as the head signed.")],
    act: Annotated[str, typer.Option(help="Number and date of the act, without anybody's name or number.")],
    by: By,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Enter the totals a head signed; what is counted stands beside them. A later signature takes the place of this one."""
    show([night.sign_off(institution, present, usual, act, by, now)], as_json, title="Signed")


@app.command()
def close(
    by: By,
    why: Why,
    with_open: Annotated[
        bool, typer.Option("--with-open", help="Close although something is left open; the decision keeps what.")
    ] = False,
    build_id: Annotated[
        str | None, typer.Option("--build", help="Build you mean; refused if it is not the one published.")
    ] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Close the round on the night published last: E is frozen, and what arrives later waits until the round is reopened."""
    line = night.close(by, why, build_id, now, with_open=with_open)
    frozen = line.pop("expected")  # by institution, S3 among them: for the lake, not for the screen
    for name in ("expected_present_count", "signed_present_count"):
        line[name] = sum(row[name] or 0 for row in frozen)
    show([line if as_json else {name: line[name] for name in SHOWN}], as_json, title="Closed")
    if not as_json:
        show(line["left_open"], as_json, title="Left open, knowingly")


@app.command()
def reopen(by: By, why: Why, now: Now = None, as_json: AsJson = False) -> None:
    """Reopen a closed round: from the next build on all that was received and decided counts again."""
    show([night.reopen(by, why, now)], as_json, title="Reopened")
