"""Killed at any moment while it receives and reads, the next run comes to the same bytes: landing, receipts, tables and ledger."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from pipeline import build
from pipeline.lake import clock_from
from pipeline.round import OFFICE_ROUTES
from sandbox.campaign import create
from sandbox.deliver import deliver
from tests.killed import forking, received, survived
from tests.receive.field import Field
from tests.road.road import NIGHTS, digests

pytestmark = pytest.mark.timeout(3600)

MOMENT = datetime.fromisoformat(NIGHTS[-1])
ROUTES = (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb")
FEW = 2  # moments of the fast run, which leaves out what follows from equal tables anyway: the steps behind


def work(folder: Path, step: str = "read") -> Path:
    """Receive what lies in the inbox at one moment, and build up to a step; return the build's folder."""
    field = Field(folder, threads=1, memory_limit="512MB")
    for route in ROUTES:
        field.receive(route, clock_from(MOMENT))
    opened = build.open_build(field.lake, field.settings)
    for name in build.STEPS:
        build.run_step(field.lake, field.settings, opened, name)
        if name == step:
            break
    return opened.folder


def state(folder: Path) -> dict[str, str]:
    """Return what must be the same: what landed, and every table of the step with its hash."""
    field = Field(folder)
    return received(field) | digests(field.lake.builds)


@pytest.mark.parametrize("moments", [FEW, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_while_it_receives_and_reads(root: Path, tmp_path: Path, moments: int) -> None:
    create(tmp_path / "campaign", seed=12, institutions=6, people=80)
    deliver(tmp_path / "campaign", MOMENT, tmp_path / "arrived")

    def lake_of(name: str) -> Path:
        return Path(shutil.copytree(tmp_path / "arrived", tmp_path / name / "inbox")).parent

    with forking(root, "tests.road.test_kill_moments") as worker:
        lakes = survived(worker, lake_of, state, moments)
    if moments > FEW:
        calm, last = (digests(work(lake, "count"), "count/*.parquet") for lake in lakes)
        assert "count/ledger.parquet" in calm
        assert calm == last
