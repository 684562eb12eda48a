"""A run killed at any point leaves nothing that the next run does not put right."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.lake import clock_from, system_clock
from pipeline.receive import landing
from pipeline.receive.landing import Landing
from pipeline.receive.parcel import Refusal
from tests.killed import Worker, forking
from tests.receive.field import LINE, START, Field

POINTS: dict[str, tuple[object, str]] = {
    "while copying": (landing, "_writer"),
    "before bytes are forced": (landing, "_force"),
    "before the rename": (Path, "rename"),
    "before a manifest is made": (landing, "_landing_manifest"),
    "before a manifest is written": (landing, "_write_manifest"),
    "before the receipts are written": (landing.Book, "close"),
}


def work(folder: Path, point: str, left: int) -> None:
    """Receive, and be killed at a call of what the point names."""
    owner, name = POINTS[point]
    function, calls = getattr(owner, name), itertools.count(1)

    def deadly(*args: object, **kwargs: object) -> object:
        if next(calls) == left:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)

    setattr(owner, name, deadly)
    Field(folder).receive("tablet_vpn")


@pytest.fixture(scope="module")
def worker(root: Path) -> Iterator[Worker]:
    with forking(root, "tests.receive.test_recovery") as worker:
        yield worker


def fill(field: Field) -> None:
    """Put seven bundles into the inbox."""
    for number in range(7):
        field.bundle(f"tablet_vpn/TB-{number:04d}", lines=LINE.replace(b"c1", f"c{number}".encode()) * 3)


@pytest.mark.parametrize(
    ("point", "left"), [(point, left) for point in POINTS for left in ((1,) if "receipts" in point else (1, 4))]
)
def test_after_a_kill_the_next_run_gives_the_same_landing(
    worker: Worker, tmp_path: Path, point: str, left: int
) -> None:
    calm, killed = Field(tmp_path / "calm"), Field(tmp_path / "killed")
    fill(calm)
    fill(killed)
    calm.receive("tablet_vpn")
    assert worker.run(tmp_path / "killed", point=point, left=left)[0] == signal.SIGKILL
    killed.receive("tablet_vpn")
    assert killed.landing() == calm.landing()
    landed = [row for row in killed.receipts() if row["outcome"] == "landed"]
    assert landed == [row for row in calm.receipts() if row["outcome"] == "landed"]
    assert list((killed.lake.root / "staging").iterdir()) == []
    assert not (killed.lake.landing / ".pending").exists()


def test_a_torn_last_receipt_is_cut_and_entered_again(field: Field) -> None:
    fill(field)
    field.receive("tablet_vpn")
    whole = field.lake.receipts.read_bytes()
    field.lake.receipts.write_bytes(whole[:-20])
    field.receive("list")
    assert field.lake.receipts.read_bytes() == whole


def test_a_line_torn_beside_a_run_that_lives_is_cut_before_it_writes_on(field: Field) -> None:
    fill(field)
    field.receive("tablet_vpn")
    with Landing(field.lake, clock_from(START), 10**9) as alive:
        with field.lake.receipts.open("ab") as other:
            other.write(b'{"outcome": "refu')
        alive.refuse([Refusal("list", "list/a.csv", "NOT_A_FILE")])
    assert [row["outcome"] for row in field.receipts()] == ["landed"] * 7 + ["refused"]


def test_lost_receipts_are_entered_again_from_the_landing(field: Field) -> None:
    fill(field)
    field.receive("tablet_vpn")
    whole = field.lake.receipts.read_bytes()
    field.lake.receipts.unlink()
    assert field.receive("tablet_vpn").again == 7
    assert field.lake.receipts.read_bytes().startswith(whole)


def test_staging_of_a_run_that_lives_is_not_swept(root: Path, field: Field) -> None:
    script = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(root)!r})
from pipeline.lake import Lake, system_clock
from pipeline.receive import landing
from pipeline.receive.landing import Landing
with Landing(Lake(Path({str(field.lake.root)!r})), system_clock, 10**9) as landing:
    (landing.staging / "half").write_bytes(b"half a bundle")
    print("ready", flush=True)
    sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "ready\n"
        fill(field)
        assert len(field.receive("tablet_vpn").landed) == 7
        assert len(list((field.lake.root / "staging").glob("*/half"))) == 1
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.wait(timeout=30) == 0
    assert list((field.lake.root / "staging").iterdir()) == []


def test_staging_of_a_run_that_begins_is_not_swept(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Landing(field.lake, system_clock, 10**9)
    other = threading.Thread(target=field.receive, args=("list",))
    made = Path.mkdir

    def mkdir(path: Path, *given: object, **named: object) -> None:
        made(path, *given, **named)  # type: ignore[arg-type]
        if path == begin.staging:
            other.start()
            other.join(0.5)  # it sweeps, or waits for us

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with begin:
        assert (begin.staging / "alive").exists()
    other.join()


def test_two_runs_at_once_land_each_bundle_once(root: Path, tmp_path: Path) -> None:
    field = Field(tmp_path)
    for number in range(60):
        field.bundle(f"tablet_vpn/TB-{number:04d}", lines=LINE.replace(b"c1", f"c{number}".encode()))
    script = "import sys; from pathlib import Path; from tests.receive.field import Field; Field(Path(sys.argv[1])).receive('tablet_vpn')"
    runs = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path], env={**os.environ, "PYTHONPATH": str(root)})
        for _ in range(3)
    ]
    assert [run.wait(timeout=60) for run in runs] == [0, 0, 0]
    rows = field.receipts()
    assert sum(row["outcome"] == "landed" for row in rows) == 60
    assert sum(row["outcome"] == "again" for row in rows) == 120
    assert len({manifest["received_at"] for manifest in field.lake.batches()}) == 60
