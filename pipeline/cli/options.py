"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
By = Annotated[str, typer.Option(help="Who decides: employee_id of the register's sheet `employee`.")]
Why = Annotated[str, typer.Option(help="Why, in a few words, without anybody's name or number.")]
Now = Annotated[
    str | None,
    typer.Option(help="Moment (with offset) of the decision, of a simulated lake; the system clock when left out."),
]
Rollback = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Make nothing; let `current` name this earlier folder beside it, or the one before (previous). What is newer is taken back.",
    ),
]
Restore = Annotated[
    str | None, typer.Option(metavar="NAME", help="Make nothing; let `current` name this folder that was taken back.")
]
RolledBackBy = Annotated[str | None, typer.Option("--by", help="Who takes it back, or restores it: employee_id.")]
RolledBackWhy = Annotated[
    str | None, typer.Option("--why", help="Why, in a few words, without anybody's name or number.")
]
BuildId = Annotated[str | None, typer.Option("--build", help="Build to work on; the last one made when left out.")]


class Route(StrEnum):
    """The ways bytes come in; the Census Database last, for what came by its own way is then a repetition out of there."""

    register = "register"
    list = "list"
    movement = "movement"
    headcount = "headcount"
    verification = "verification"
    portal = "portal"
    tablet_vpn = "tablet_vpn"
    tablet_usb = "tablet_usb"
    census_db = "census_db"


class Format(StrEnum):
    """What a release can be exported as."""

    csv = "csv"
    xlsx = "xlsx"
    sdmx = "sdmx"
    spss = "spss"
    stata = "stata"
    ddi = "ddi"
