"""Killed at any moment while it pulls, from whichever server, the next run comes to the same landing and the same receipts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from pipeline.receive import census_db, portal, portal_api
from sandbox import portal as selling
from sandbox import sftp
from tests.killed import Worker, forking, received, survived
from tests.receive.field import LINE, Field
from tests.receive.shop import SECRET, Shop

pytestmark = pytest.mark.timeout(3600)

Source = AbstractContextManager[dict[str, object]]
ROW = "INSERT INTO sanaq.submission (case_id, case_version, submission, accepted_on) VALUES (%s, 1, %s, '2021-10-03')"


def work(folder: Path, route: str, **settings: object) -> None:
    """Pull to the end, in small pages and slices."""
    portal_api.PAGE_RECORDS, portal.SLICE_PAGES, census_db.PAGE_RECORDS = 5, 3, 10
    Field(folder, **settings).receive(route)


@contextmanager
def the_portal(folder: Path, _: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """Two hundred submissions."""
    shop = Shop(folder / "campaign")
    shop.show(200)
    with selling.running(shop.folder, SECRET) as url:
        yield {"route": "portal", "portal_url": url, "portal_secret": SECRET}


@contextmanager
def the_gateway(folder: Path, _: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """A dozen bundles."""
    far = Field(folder / "far")
    for number in range(12):
        far.bundle(f"tablet_vpn/TB-{number:04d}", lines=LINE.replace(b"c1", f"c{number}".encode()))
    with sftp.running(far.inbox, folder / "keys") as way_in:
        said = {"sftp_url": way_in.url, "sftp_key": way_in.key, "sftp_known_hosts": str(way_in.known_hosts)}
        yield {"route": "tablet_vpn", **said}


@contextmanager
def the_census_database(_: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """Two hundred rows, in the server of all tests."""
    server = request.getfixturevalue("postgres")
    server.create()
    with server.owner() as db, db.cursor() as cursor:
        cursor.executemany(
            ROW, [(f"c{number:03d}", json.dumps({"case_id": f"c{number:03d}"})) for number in range(200)]
        )
    yield {"route": "census_db", "census_db_url": server.url, "census_db_password": server.password}


@pytest.fixture(scope="module")
def worker(root: Path) -> Iterator[Worker]:
    """One process for all sources."""
    with forking(root, "tests.receive.test_killed_pulls") as forks:
        yield forks


@pytest.mark.parametrize("moments", [2, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("source", [the_portal, the_gateway, the_census_database])
def test_killed_while_it_pulls(
    worker: Worker,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    source: Callable[[Path, pytest.FixtureRequest], Source],
    moments: int,
) -> None:
    with source(tmp_path, request) as asked:
        worker.run(tmp_path / "warm", **asked)  # or the first run would last longer than any after it
        calm, _ = survived(worker, lambda name: tmp_path / name, lambda lake: received(Field(lake)), moments, **asked)
    assert received(Field(calm))
