"""What never arrived is seen without opening a database."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from typer.testing import CliRunner

from pipeline import night
from pipeline.cli import app, main
from pipeline.errors import InputsMissing
from pipeline.lake import SIMULATED
from pipeline.settings import load_settings
from tests.made_build import AS_OF, MadeBuild


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANAQ_LAKE", str(tmp_path / "lake"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "lake"


def published(room: Path, gaps: list[dict[str, Any]]) -> None:
    build = MadeBuild(tables={"control_total": gaps}).write(room, load_settings()).name
    night.reconcile(build)
    night.publish(build)


def status(*options: str) -> str:
    return CliRunner().invoke(app, ["status", *options]).output


def gap(code: str, subject: str, missing: int, hours: int) -> dict[str, Any]:
    return {
        "control_id": f"{code}{subject}", "control_code": code, "subject_kind": "tablet", "subject_id": subject, "institution_id": "MNG-0001",
        "declared_count": 10, "received_count": 10 - missing, "gap_count": missing,
        "since_at": AS_OF.replace(tzinfo=None) - timedelta(hours=hours),
    }  # fmt: skip


def test_open_gaps_of_control_totals_are_told_by_control_with_their_age(room: Path) -> None:
    rows = [gap("TABLET_COUNTER", "TB-0001", 3, 30), gap("TABLET_COUNTER", "TB-0002", 2, 75), gap("MEDIUM_ACT", "TB-0001", 0, 90)]  # fmt: skip
    published(room, rows)
    assert json.loads(status("--json"))["control_gaps"] == [
        {"control_code": "TABLET_COUNTER", "open_count": 2, "missing_count": 5, "oldest_hours": 75}
    ]
    said = status()
    assert "TABLET_COUNTER" in said
    assert "TB-0002" not in said  # counts only


def test_where_all_has_arrived_it_says_so(room: Path) -> None:
    published(room, [gap("TABLET_COUNTER", "TB-0001", 0, 30)])
    assert json.loads(status("--json"))["control_gaps"] == []
    assert "all that senders counted had arrived" in status()


@pytest.mark.parametrize(("hours", "late"), [(25, None), (27, 27)])
def test_a_night_that_is_late_is_said(room: Path, hours: int, late: int | None) -> None:
    published(room, [])
    manifest = room / "operations" / "current" / "manifest.json"
    as_of = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"as_of": as_of}))
    assert json.loads(status("--json"))["late_hours"] == late
    assert ("27 hours old" in status()) == (late is not None)


@pytest.mark.parametrize(("begun_hours", "late"), [(26, None), (28, 27)])
def test_a_simulated_campaign_is_not_late_and_what_comes_into_its_lake_later_is(
    room: Path, begun_hours: int, late: int | None
) -> None:
    published(room, [])
    manifest, now = room / "operations" / "current" / "manifest.json", datetime.now(UTC)
    as_of = (now - timedelta(hours=27)).isoformat()
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"as_of": as_of}))
    begun = (now - timedelta(hours=begun_hours)).timestamp()
    (room / SIMULATED).touch()
    os.utime(room / SIMULATED, (begun, begun))
    assert json.loads(status("--json"))["late_hours"] == late


def test_before_the_first_night_gaps_are_not_known(room: Path) -> None:
    room.mkdir()
    assert json.loads(status("--json"))["control_gaps"] is None


EVERYTHING_BUT_RECEIVE = [
    "status", "ledger", "ledger --trace a-0000001", "missing", "query SELECT", "diff previous", "build", "reconcile", "publish", "release",
    "publish --rollback previous --by E-1 --why wrong", "export csv OUT", "close --by E-1 --why over", "reopen --by E-1 --why late",
    "quarantine list", "quarantine show a-0000001", "quarantine retry", "review --by E-1", "review list", "resolve explain p",
    "crosswalk lines FILE OUT", "evaluate --truth TRUTH",
]  # fmt: skip


@pytest.mark.parametrize("words", EVERYTHING_BUT_RECEIVE)
def test_a_lake_that_is_missing_is_named_and_not_made(
    room: Path, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = room.parent / "TRUTH"
    truth.mkdir()
    for path in (room.parent / "FILE", truth / "persons.parquet", truth / "records.parquet"):
        path.touch()
    with mock.patch.object(sys, "argv", ["sanaq", *words.split()]), pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == InputsMissing.exit_code
    said = capsys.readouterr().err
    assert f"InputsMissing: there is no lake\n  where    {room} (SANAQ_LAKE)\n" in said
    assert "sanaq receive" in said
    assert not room.exists()


def test_the_doctor_looks_for_a_lake_and_makes_none(room: Path) -> None:
    findings = {
        one["check"]: one for one in json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)["findings"]
    }
    assert findings["lake"]["level"] == "attention"
    assert str(room) in findings["lake"]["found"]
    assert findings["disk"]["level"] == "ok"
    assert not room.exists()


def test_receiving_begins_a_lake_and_says_so_once(room: Path) -> None:
    assert [
        f"There was no lake at {room}" in CliRunner().invoke(app, ["receive", "register"]).stderr for _ in "12"
    ] == [True, False]
