"""The whole road, walked as a person walks it: by the command line, from a field with a real portal to the published databases."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import cli
from pipeline.lake import Lake
from pipeline.round import OFFICE_ROUTES
from sandbox.deliver import deliver
from sandbox.portal import running

TOKEN = "the-token-of-the-portal"
SIZE = {"seed": 12, "institutions": 9, "people": 300}
NIGHTS = ("2021-09-20T02:00:00+05:00", "2021-10-20T02:00:00+05:00", "2021-12-10T02:00:00+05:00")
ROUTES = (*OFFICE_ROUTES, "portal", "tablet_vpn", "tablet_usb")
COMPARED = ("person_change.parquet", "discrepancy_history.parquet")
STATES = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")


@dataclass(frozen=True)
class Said:
    """What a command said: exit code, output, messages."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)


class Road:
    """A lake, an inbox and, where there is a campaign, the field that fills it.

    Parameters
    ----------
    folder
        Where lake and inbox lie.
    campaign
        A campaign of the sandbox that nobody else uses: its clock is set.
    **settings
        `SANAQ_*` settings in lower case.
    """

    def __init__(self, folder: Path, campaign: Path | None = None, **settings: object) -> None:
        self.folder = folder
        self.campaign = campaign
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.lake = Lake(folder / "lake")
        self.settings = {"lake": self.lake.root, "inbox": self.inbox, "threads": 1, "memory_limit": "1GB"}
        self.settings |= {"id_key": "a secret", "allow_plain_volume": True, **settings}
        if campaign is not None:
            self.settings["trust_root"] = json.loads((campaign / "campaign.json").read_text())["trust_root"]

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process at work on this lake."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("SANAQ_")}
        return others | {f"SANAQ_{name.upper()}": str(value) for name, value in self.settings.items()}

    def sanaq(self, *args: object) -> Said:
        """Run a command, whatever comes of it."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.env, clear=True),
            mock.patch.object(sys, "argv", ["sanaq", *map(str, args)]),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                cli.main()
                code: Any = 0
            except SystemExit as end:
                code = end.code or 0
        return Said(int(code), out.getvalue(), err.getvalue())

    def do(self, *args: object) -> Any:
        """Run a command that must succeed and return what it prints as JSON."""
        said = self.sanaq(*args, "--json")
        assert said.code == 0, said.err
        return said.data

    @contextlib.contextmanager
    def portal(self) -> Iterator[None]:
        """Serve the campaign's portal over the block."""
        assert self.campaign is not None
        with running(self.campaign, TOKEN) as url:
            self.settings |= {"portal_url": url, "portal_secret": TOKEN}
            yield

    def receive(self, until: str, *routes: str) -> list[dict[str, Any]]:
        """Let arrive what arrives by a moment and receive it at that moment."""
        assert self.campaign is not None
        deliver(self.campaign, datetime.fromisoformat(until), self.inbox)
        with self.portal():
            return [row for route in routes or ROUTES for row in self.do("receive", route, "--now", until)]

    def build(self, *args: object) -> Path:
        """Build and return the folder."""
        return Path(self.do("build", *args)[0]["folder"])

    def night(self, until: str) -> Path:
        """Receive, build, reconcile and publish; return the folder of the build."""
        self.receive(until)
        folder = self.build()
        self.do("reconcile")
        self.do("publish")
        return folder

    def answer(self, sql: str) -> list[dict[str, Any]]:
        """Ask the operations database."""
        rows: list[dict[str, Any]] = self.do("query", sql)
        return rows

    def landing(self) -> dict[str, str]:
        """Return every landed file with the hash of its bytes."""
        return digests(self.lake.landing, "**/*")


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    """Let the account have another umask over the block."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def digests(folder: Path, pattern: str = "**/*.parquet") -> dict[str, str]:
    """Return the files below a folder with the hash of their bytes, but for what a night compared: that depends on the night before it too."""
    paths = sorted(path for path in folder.glob(pattern) if path.is_file() and path.name not in COMPARED)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def rows(build: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table of a build."""
    (path,) = [*build.glob(f"*/{table}.parquet"), *build.glob(f"*/{table}/")]
    return list(pq.read_table(path).to_pylist())


def table(build: Path, name: str) -> pa.Table:
    """Return a table of a build."""
    (path,) = [*build.glob(f"*/{name}.parquet"), *build.glob(f"*/{name}/")]
    return pq.read_table(path)


def copied(source: Road, folder: Path, campaign: Path | None = None, *, with_builds: bool = False) -> Road:
    """Return a road over a copy of a lake: what a lake is rebuilt from and, if asked for, what was built and published."""
    names = ["landing", "receipts.jsonl", "decisions"] + (
        ["builds", "memo", "operations", "published"] if with_builds else []
    )
    lake = folder / "lake"
    lake.mkdir(parents=True, mode=0o700)
    for name in names:
        path = source.lake.root / name
        if path.is_dir():
            shutil.copytree(path, lake / name, symlinks=True)
        elif path.exists():
            shutil.copyfile(path, lake / name)
    trusted = {
        name: value for name, value in source.settings.items() if name == "trust_root"
    }  # none without a campaign
    return Road(folder, campaign, **trusted)


def imbalances(build: Path) -> list[dict[str, Any]]:
    """Return the lines of ledger and intake whose states do not add up to what was received."""
    kinds = {
        "ledger": [f"{state}_count" for state in STATES],
        "intake": [f"{state}_count" for state in ("in_force", "replaced", "repeated", "quarantined", "unreadable")],
    }
    return [
        row
        for name, states in kinds.items()
        for row in rows(build, name)
        if row["received_count"] != sum(row[state] for state in states)
    ]
