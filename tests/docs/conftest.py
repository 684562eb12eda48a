"""A lake with a night and a release published from a small simulated field."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pipeline import night
from pipeline.build import STEPS
from pipeline.round import OFFICE_ROUTES
from sandbox.campaign import create
from sandbox.deliver import deliver

END = "2021-12-10T02:00:00+05:00"


@pytest.fixture(scope="session")
def published_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake's folder; nobody may change what lies there."""
    folder = tmp_path_factory.mktemp("guide")
    create(folder / "campaign", 11, 10, 400, 1.0)
    deliver(folder / "campaign", datetime.fromisoformat(END), folder / "inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANAQ_LAKE", str(folder / "lake"))
        patch.setenv("SANAQ_INBOX", str(folder / "inbox"))
        patch.setenv("SANAQ_ID_KEY", "a secret")
        patch.setenv("SANAQ_ALLOW_PLAIN_VOLUME", "true")
        for route in (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb"):
            night.receive(route, END)
        build_id = night.open_build()
        for step in STEPS:
            night.run_step(build_id, step)
        night.finish_build(build_id)
        night.reconcile(build_id)
        night.publish(build_id)
        night.release(build_id)
    return folder / "lake"
