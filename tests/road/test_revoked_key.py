"""A tablet's key is revoked after its bundle with a file of another survey tool was counted: the night says so and goes on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.seals import key_columns, key_of, sealed
from tests.read.foreign_files import odk_csv, person
from tests.read.test_office import INSTITUTION, workbook
from tests.road.road import Road, rows

pytestmark = pytest.mark.timeout(600)

COUNTED, REVOKED = "2021-10-20", "2021-10-21"


def register(road: Road, name: str, **said: str) -> None:
    """The Department sends a register with one site and one tablet; `said` adds to the tablet's row."""
    key, vouched = key_columns(1, "TB-0001")
    device = {"device_id": "TB-0001", "institution_id": "MNG-0001", "public_key": key, "key_signature": vouched} | said
    site = dict(zip(INSTITUTION, ("MNG-0001", "990140000014", 1, "kk", "ru", "ORPH", "471010000", 40), strict=False))
    folder = road.inbox / "register"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(
        workbook(institution=[[*site], [*site.values()]], device=[[*device], [*device.values()]])
    )


def bundle(road: Road, content: bytes) -> None:
    """The tablet sends a bundle with nothing in it but an export of ODK Central."""
    folder = road.inbox / "tablet_vpn" / "TB-0001-01"
    folder.mkdir(parents=True)
    digest = hashlib.sha256(content).hexdigest()
    manifest = {"bundle_id": folder.name, "device_id": "TB-0001", "institution_id": "MNG-0001", "exported_at": f"{COUNTED}T01:00:00+05:00", "files_sha256": {"export.zip": digest}}  # fmt: skip
    for name, sealing in sealed(manifest, key_of(1, "TB-0001")).items():
        (folder / name).write_bytes(sealing)
    (folder / "export.zip").write_bytes(content)
    folder.with_suffix(".ready").touch()


def night(road: Road, day: str) -> Path:
    """Receive, build and reconcile at 02:00 of a day."""
    for route in ("register", "tablet_vpn"):
        road.do("receive", route, "--now", f"{day}T01:59:00+05:00")
    folder = road.build("--as-of", f"{day}T02:00:00+05:00")
    road.do("reconcile")
    return folder


def gone(build: Path) -> list[dict[str, Any]]:
    """Return what the page of a night says of records that are there no more."""
    figures = json.loads((build / "reconcile" / "reconciliation.json").read_text(encoding="utf-8"))
    return [row for row in figures["change"]["transitions"] if row["to_state"] == "gone"]


@pytest.mark.slow
def test_a_key_revoked_after_a_foreign_bundle_was_counted_stops_no_night(tmp_path: Path) -> None:
    road = Road(tmp_path)
    register(road, "first.xlsx")
    bundle(road, odk_csv([person(number) for number in (1, 2, 3)]))
    assert [row["read_error"] for row in rows(night(road, COUNTED), "record")] == [None] * 3
    road.do("publish")

    register(road, "second.xlsx", key_revoked_on=COUNTED)
    revoked = night(road, REVOKED)
    assert [row["read_error"] for row in rows(revoked, "record")] == ["KEY_REVOKED"]
    assert [(row["cause"], row["record_count"]) for row in gone(revoked)] == [("seal", 2)]
