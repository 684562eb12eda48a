"""The surroundings fail: the portal, the disk, the register. Each is said clearly, nothing half is left, and the next run goes on."""

import json
import os
import shutil
import subprocess
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.lake import Lake, point_current
from pipeline.receive.portal_api import Portal
from pipeline.round import OFFICE_ROUTES
from sandbox.deliver import deliver
from tests.road.conftest import Played
from tests.road.road import NIGHTS, ROUTES, Road, copied, digests, imbalances, rows
from tests.road.test_kill import assert_yesterday_stands, back_to_the_second_night

pytestmark = pytest.mark.timeout(600)

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask three times, soon after one another."""
    monkeypatch.setitem(Portal.__init__.__kwdefaults__, "attempts", 3)
    monkeypatch.setitem(Portal.__init__.__kwdefaults__, "first_wait", 0.05)
    monkeypatch.setitem(Portal.__init__.__kwdefaults__, "timeout", 1.0)


@pytest.fixture
def arrived(road: Road) -> Road:
    """A field in which everything has arrived, and nothing is received."""
    assert road.campaign is not None
    deliver(road.campaign, datetime.fromisoformat(NIGHTS[-1]), road.inbox)
    return road


def go_wrong(road: Road, **faults: float) -> None:
    """Let the next requests for submissions fail."""
    assert road.campaign is not None
    (road.campaign / "faults.json").write_text(json.dumps(faults))


@pytest.mark.usefixtures("impatient")
def test_the_portal_stumbles_and_the_pull_is_whole(played: Played, arrived: Road) -> None:
    go_wrong(arrived, server_error=2)
    with arrived.portal():
        said = arrived.sanaq("receive", "portal", "--now", NIGHTS[-1])
    assert said.code == 0, said.err
    assert "trying again" in said.err
    pulled, wanted = (
        b"".join(path.read_bytes() for path in road.lake.landing.glob("portal/*/files/*")).splitlines()
        for road in (arrived, played.road)
    )
    assert set(pulled) == set(wanted) != set()


@pytest.mark.usefixtures("impatient")
def test_a_portal_that_fails_is_named_and_the_other_routes_are_received(arrived: Road) -> None:
    go_wrong(arrived, cut_short=99)
    with arrived.portal():
        said = arrived.sanaq("receive", "--now", NIGHTS[-1], "--json")
        assert said.code == 7
        assert "shorter than its headers say" in said.err
        assert "next" in said.err
        (landed,) = [row["landed"] for row in said.data if row["route"] == "portal"]
        assert {path.name for path in arrived.lake.landing.iterdir() if any(path.iterdir())} == {
            *OFFICE_ROUTES, "tablet_vpn", "tablet_usb",
        }  # fmt: skip
        go_wrong(arrived)
        # an answer too short to be cut comes whole even then; what did not come comes now
        assert landed + arrived.do("receive", "portal", "--now", NIGHTS[-1])[0]["landed"] == 3


@pytest.mark.usefixtures("impatient")
def test_no_portal_at_all(arrived: Road) -> None:
    arrived.settings |= {"portal_url": "http://127.0.0.1:9", "portal_secret": "t"}
    said = arrived.sanaq("receive", "portal")
    assert said.code == 7
    assert "no connection can be made" in said.err
    assert "(SANAQ_PORTAL_URL)" in said.err
    assert "goes on from there" in said.err


@pytest.mark.slow
def test_a_night_says_of_a_route_that_is_down_how_long_nothing_has_come(road: Road) -> None:
    assert road.campaign is not None
    at = "2021-10-12T02:00:00+05:00"  # portal and tablets are both in the field
    deliver(road.campaign, datetime.fromisoformat(at), road.inbox)
    road.settings |= {"census_db_url": "postgresql://reader@127.0.0.1:9/census", "census_db_password": "t"}
    assert road.sanaq("receive", "census_db").code == 7
    for route in ROUTES:
        road.do("receive", route, "--now", at)  # of the portal nobody has said that there is one
    build = road.build()
    road.do("reconcile")
    figures = json.loads((build / "reconcile" / "reconciliation.json").read_text())
    assert figures["is_balanced"]
    assert {"check_id": "ROUTES", "status": "failed", "finding_count": 2, "checked_count": 3} in figures["checks"]
    silent = {row["subject_id"]: row["severity"] for row in rows(build, "discrepancy") if row["kind"] == "ROUTE_SILENT"}
    assert silent == {"portal": "red", "census_db": "red"}
    assert {"portal", "census_db"} <= {row["subject_id"] for row in figures["actions"]}


@pytest.mark.parametrize("command", ["receive", "build", "publish", "release"])
def test_a_full_disk_is_said_before_it_is_met(
    copy_of: Callable[..., Road], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    road = copy_of("full", with_builds=True)
    build = (road.lake.builds / "current").resolve()
    if command == "receive":
        path = road.inbox / "list" / "MNG-0001" / "list.csv"
        path.parent.mkdir(parents=True)
        path.write_text("№;ФИО\n1;Некто\n")
    elif command == "build":
        shutil.rmtree(build / "count")
    before = digests(road.lake.root, "**/*")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1, 1, 1000))
    said = road.sanaq(command, *(["list"] if command == "receive" else []))
    assert said.code == 6
    assert "MiB are free" in said.err
    assert "SANAQ_LAKE" in said.err
    after = digests(road.lake.root, "**/*")
    assert {path for path in after if after[path] != before.get(path)} <= {
        ".receive.lock",
        ".build.lock",
        ".publish.lock",
    }
    monkeypatch.undo()
    assert road.sanaq(command, *(["list"] if command == "receive" else [])).code == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 80 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if not mounted or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", disk], check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path, left: int) -> Path:
    """Let somebody else's file fill a disk."""
    filler = disk / "somebody-elses"
    free = shutil.disk_usage(disk).free
    with filler.open("wb") as handle:
        os.posix_fallocate(handle.fileno(), 0, free - left)
    return filler


def test_a_disk_that_is_nearly_full_takes_nothing_in(played: Played, small_disk: Path) -> None:
    road = Road(small_disk)
    shutil.copytree(played.road.inbox / "list", road.inbox / "list")
    filler = fill(small_disk, 64 * 1024**2)
    said = road.sanaq("receive", "list")
    assert said.code == 6, said.out + said.err
    assert not list(road.lake.landing.glob("list/*"))
    filler.unlink()
    assert road.do("receive", "list")[0]["landed"] == 9


@pytest.mark.slow
@pytest.mark.parametrize("command", ["receive", "build", "reconcile", "publish"])
def test_a_disk_that_fills_all_the_same_leaves_nothing_half(
    played: Played, small_disk: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Somebody else fills the disk between the question and the act."""
    road = copied(played.road, small_disk / "road", with_builds=True)
    build = back_to_the_second_night(played, road)
    point_current(road.lake.builds, build.name)
    shutil.copytree(played.road.inbox, road.inbox, dirs_exist_ok=True)
    shutil.rmtree(road.lake.published)
    if command == "receive":
        for room in (road.lake.landing, road.lake.receipts):
            shutil.rmtree(room) if room.is_dir() else room.unlink()
    elif command == "build":
        shutil.rmtree(build / "count")
    arguments = ["tablet_vpn"] if command == "receive" else []
    monkeypatch.setattr(Lake, "require_space", lambda *_: None)
    filler = fill(small_disk, 16 * 1024)
    said = road.sanaq(command, *arguments)
    assert said.code == 6, said.out + said.err
    assert "Free space" in said.err
    assert_yesterday_stands(played, road)
    filler.unlink()
    assert road.sanaq(command, *arguments).code == 0
    if command != "receive":
        assert digests(build) == played.first_digests[2]
    else:
        assert digests(road.lake.landing / "tablet_vpn", "**/submissions.ndjson") == digests(
            played.road.lake.landing / "tablet_vpn", "**/submissions.ndjson"
        )


@pytest.fixture
def registerless(arrived: Road) -> Road:
    shutil.rmtree(arrived.inbox / "register")
    with arrived.portal():
        arrived.do("receive", "--now", NIGHTS[-1])
    return arrived


@pytest.mark.slow
def test_without_a_register_everything_is_held_and_said(played: Played, registerless: Road) -> None:
    """Nobody is counted where no institution is known; nothing is lost, and the register makes it good."""
    said = registerless.sanaq("build")
    assert said.code == 0, said.err
    assert "No register is in force" in said.err
    build = (registerless.lake.builds / "current").resolve()
    assert imbalances(build) == []
    assert {row["state"] for row in rows(build, "record_state")} <= {
        "quarantined",
        "unreadable",
        "repeated",
        "out_of_scope",
    }
    assert {row["category_code"] for row in rows(build, "coverage_category")} == {"UNKNOWN"}
    shutil.copytree(played.road.inbox / "register", registerless.inbox / "register")
    registerless.do("receive", "register", "--now", NIGHTS[-1])
    build = registerless.build()
    counted = [
        sum(row["state"] == "counted" for row in rows(one, "record_state")) for one in (build, played.builds[-1])
    ]
    assert counted[0] == counted[1] > 0
