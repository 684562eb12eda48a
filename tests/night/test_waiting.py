"""Who finds another process at work on the lake waits, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import doctor
from pipeline.doctor import examine
from pipeline.lake import LOCKS
from tests.receive.field import Field

RECEIVE = [sys.executable, "-c", "from pipeline.cli import main; main()", "receive", "list"]


@pytest.mark.timeout(60)
def test_a_second_receive_says_that_it_waits_and_goes_on_when_it_may(root: Path, tmp_path: Path) -> None:
    field = Field(tmp_path)
    field.put("list/MNG-0001/a.csv", b"list")
    env = os.environ | {"SANAQ_LAKE": str(field.lake.root), "SANAQ_INBOX": str(field.inbox)}
    with field.lake.lock("receive"):
        second = subprocess.Popen(RECEIVE, cwd=root, env=env, stderr=subprocess.PIPE, text=True)
        assert second.stderr is not None
        assert second.stderr.readline() == "waiting for another process at work on this lake (receive)\n"
    _, rest = second.communicate()
    assert (second.returncode, rest, len(field.lake.batches())) == (0, "", 1)


@pytest.mark.parametrize("name", LOCKS)
def test_the_doctor_says_which_lock_is_held_and_makes_none(tmp_path: Path, name: str) -> None:
    field = Field(tmp_path)
    with field.lake.lock(name):
        found = {one.check: one.level for one in examine(field.settings) if one.check.startswith("lock ")}
    assert found == {f"lock {other}": "attention" if other == name else "ok" for other in LOCKS}
    assert [path.name for path in field.lake.root.glob(".*.lock")] == [f".{name}.lock"]


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 9), "failed"), ((3, 11, 0), "ok"), ((3, 13, 9), "ok"), ((3, 14, 0), "failed")],
)
def test_the_doctor_wants_a_python_the_lock_covers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], level: str
) -> None:
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=version))
    assert [one.level for one in examine(Field(tmp_path).settings) if one.check == "python"] == [level]
