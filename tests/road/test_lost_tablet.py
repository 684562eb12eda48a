"""A tablet is lost before its last evening, found in November and switched on: what it sends then is held (R10, R17)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build import open_build, run_step
from pipeline.settings import load_settings
from sandbox.campaign import create
from sandbox.evaluate import evaluate
from tests.road.road import NIGHTS, Road, rows

pytestmark = pytest.mark.timeout(600)
SIZE = {"seed": 36, "institutions": 6, "people": 200}  # a field in which that happens


def resolved(road: Road) -> Path:
    """Build as far as records have states and persons; return the folder."""
    settings = load_settings(**road.settings)
    opened = open_build(road.lake, settings)
    for step in ("read", "check", "resolve"):
        run_step(road.lake, settings, opened, step)
    return opened.folder


def test_what_a_lost_tablet_sends_is_held_and_what_it_had_sent_before_is_not(tmp_path: Path) -> None:
    create(tmp_path / "campaign", **SIZE)
    road = Road(tmp_path / "road", tmp_path / "campaign")
    road.receive(NIGHTS[-1])
    build = resolved(road)
    truth = rows(tmp_path / "campaign", "records")
    lost = {row["bytes_sha256"] for row in truth if row["reason"] == "DEVICE_LOST"}
    [device] = [row for row in rows(build, "device") if row["lost_on"]]
    record = {row["record_id"]: row for row in rows(build, "record")}
    states = [
        row for row in rows(build, "record_state") if record[row["record_id"]]["device_id"] == device["device_id"]
    ]
    held = {record[row["record_id"]]["bytes_sha256"] for row in states if row["reason"] == "R-DEVICE-LOST"}
    assert held == lost != set()
    assert {row["state"] for row in states if row["reason"] == "R-DEVICE-LOST"} == {"quarantined"}
    assert any(row["state"] == "counted" for row in states)
    judged = evaluate(build, tmp_path / "campaign" / "truth")
    assert (judged.lost_records, judged.unknown_records) == (0, 0)
