"""Brings to the inbox what has arrived by a moment, as messengers do: whole things, flags last."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sandbox import census_db
from sandbox.clock import write_clock

FLAGGED = ("tablet_vpn", "register")  # a folder of these routes is whole once its flag is there


@dataclass(frozen=True)
class Delivered:
    """What a delivery did."""

    until: str
    delivered: int
    already_there: int
    still_to_come: int

    def to_dict(self) -> dict[str, object]:
        """Return the numbers by name."""
        return dict(vars(self))


def deliver(campaign: Path, until: datetime, inbox: Path) -> Delivered:
    """Copy to the inbox what has arrived by a moment, set the campaign's clock to it, fill the Census Database if it is served.

    Parameters
    ----------
    campaign
        Folder of the campaign.
    until
        Moment with an offset, inclusive.
    inbox
        The pipeline's drop folder.
    """
    if until.tzinfo is None:
        raise ValueError("the moment needs an offset, for instance 2021-10-20T02:00:00+05:00")
    moment = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    timeline = json.loads((campaign / "timeline.json").read_text())
    arrived = [entry for entry in timeline if entry["arrives_at"] <= moment]
    new = sum(_bring(campaign / "field", entry["delivery"], entry["route"], inbox) for entry in arrived)
    write_clock(campaign, moment)
    census_db.deliver(campaign)
    return Delivered(moment, new, len(arrived) - new, len(timeline) - len(arrived))


def _bring(field: Path, delivery: str, route: str, inbox: Path) -> bool:
    """Copy one delivery beside its place and rename it there; return False where it is there already."""
    source, target = field / delivery, inbox / delivery
    is_flagged = source.is_dir() and route in FLAGGED
    flag = target.parent / f"{target.name}.ready" if is_flagged else target
    if flag.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent / f".{target.name}.part"
    if source.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, aside)
    else:
        shutil.copyfile(source, aside)
    os.replace(aside, target)
    if is_flagged:
        flag.touch()
    return True
