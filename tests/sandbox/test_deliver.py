"""Deliveries arrive whole, in time, and only once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sandbox_oracle import digest

from sandbox.deliver import deliver


@pytest.fixture
def field(campaign: Path, tmp_path: Path) -> Path:
    """A campaign with a clock of its own."""
    copy = tmp_path / "campaign"
    copy.mkdir()
    for name in ("field", "truth", "timeline.json"):
        (copy / name).symlink_to(campaign / name)
    return copy


def test_what_has_arrived_is_there_and_nothing_else(field: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    early = deliver(field, datetime.fromisoformat("2021-09-20T02:00:00+05:00"), inbox)
    assert early.delivered
    assert early.still_to_come
    assert not (inbox / "tablet_vpn").exists()
    assert not (inbox / "portal").exists()
    assert (field / "clock").read_text() == "2021-09-19T21:00:00Z\n"
    before = digest(inbox)
    assert deliver(field, datetime.fromisoformat("2021-09-20T02:00:00+05:00"), inbox).delivered == 0
    assert digest(inbox) == before
    late = deliver(field, datetime.fromisoformat("2021-12-10T02:00:00+05:00"), inbox)
    assert late.still_to_come == 0
    bundles = {p.name for p in (inbox / "tablet_vpn").iterdir() if p.is_dir()}
    assert bundles == {p.stem for p in (inbox / "tablet_vpn").glob("*.ready")}
    assert not list(inbox.rglob(".*"))
    sent = {k: v for k, v in digest(field / "field").items() if not k.startswith(("portal/", "census_db/"))}
    assert digest(inbox) == sent


def test_a_bundle_without_its_flag_is_brought_anew(field: Path, tmp_path: Path) -> None:
    inbox, night = tmp_path / "inbox", datetime.fromisoformat("2021-10-20T02:00:00+05:00")
    deliver(field, night, inbox)
    flag = next((inbox / "tablet_vpn").glob("*.ready"))
    flag.unlink()
    (flag.with_suffix("") / "submissions.ndjson").write_bytes(b"half")
    assert deliver(field, night, inbox).delivered == 1
    assert (flag.with_suffix("") / "submissions.ndjson").read_bytes() != b"half"


def test_a_moment_without_offset_is_refused(field: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="offset"):
        deliver(field, datetime(2021, 10, 20, 2), tmp_path)  # noqa: DTZ001
