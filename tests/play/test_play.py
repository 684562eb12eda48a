"""`make run` on a small field, through Airflow's real scheduler: whole, stopped, and killed and run again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest

from tests.privacy.search import Secrets, findings, of_campaign, texts_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
AIRFLOWS_SHARE = 25.0
# What an engineer's shell may hold: none of it is of the simulated campaign.
REAL = {
    "SANAQ_ODK_URL": "https://odk.invalid",
    "SANAQ_ODK_EMAIL": "duty@stat.invalid",
    "SANAQ_ODK_FORMS": "7/household",
    "SANAQ_ROUND": "/nowhere/round.yaml",
    "SANAQ_SECRETS_DIR": "/nowhere",
}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def play(folder: Path, started: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """Start `make run` for 6 institutions; field, lake and Airflow lie in `folder`."""
    sizes = ["--institutions", "6", "--people", "150"]
    places = ["--field", str(folder / "field"), "--airflow-home", str(folder / "airflow")]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SANAQ_", "AIRFLOW"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.play", *sizes, *places],
        cwd=ROOT,
        env={**kept, **REAL, "SANAQ_LAKE": str(folder / "lake"), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started.append(process)
    return process


def said(process: subprocess.Popen[str], words: str) -> None:
    """Wait until the run prints the words."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return
    raise AssertionError("".join(lines))


def at_work_in(folder: Path) -> list[str]:
    """Command lines of processes that have a file of the folder open or work in it."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            paths = [process.cwd(), *(opened.path for opened in process.open_files())]
        except (psutil.Error, OSError):
            continue
        if any(path.startswith(str(folder)) for path in paths):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


def test_a_small_campaign_is_received_built_balanced_published_and_released(
    tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    process = play(tmp_path, started)
    printed, _ = process.communicate(timeout=800)
    assert process.returncode == 0, printed
    received, accounted = re.findall(r"(\d+) records received, (\d+) accounted for", printed)[0]
    assert int(received) == int(accounted) > 0
    shares = [float(share) for share in re.findall(r"Airflow's own share (\d+\.\d)", printed)]
    assert len(shares) == 3
    assert max(shares) <= AIRFLOWS_SHARE
    for title in ("Coverage by category", "Ledger by route"):
        assert title in printed
    for room, name in (("operations", "operations.duckdb"), ("published", "census.duckdb")):
        path = tmp_path / "lake" / room / "current" / name
        assert str(path) in printed
        with duckdb.connect(str(path), read_only=True) as con:
            assert con.execute("SELECT count(*) FROM meta.snapshot").fetchall() == [(1,)]
    assert len([path for path in (tmp_path / "lake" / "operations").iterdir() if not path.is_symlink()]) == 3
    assert at_work_in(tmp_path) == []
    assert people_in(tmp_path / "airflow", printed, of_campaign(tmp_path / "lake")) == []


def people_in(airflow: Path, printed: str, secrets: Secrets) -> list[str]:
    """Say where somebody stands in the logs of the tasks, in XComs and all else of Airflow's metadata, or in what was printed."""
    places = dict(texts_of(airflow)) | {"output": printed}
    assert len(secrets.iins) > 50
    assert any(re.search(r"logs/.*receive.*attempt=1\.log \(bytes\)", where) and text for where, text in places.items())
    assert any(where.endswith(": xcom.value") and "build_id" in text for where, text in places.items())
    return [finding for where, text in places.items() for finding in findings(secrets, where, text)]


def test_a_run_that_is_stopped_leaves_nothing_running(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    process = play(tmp_path, started)
    said(process, "A field of")
    assert at_work_in(tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 130
    assert at_work_in(tmp_path) == []


def test_a_run_that_was_killed_does_not_hurt_the_next(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    first = play(tmp_path, started)
    said(first, "A field of")
    first.kill()
    first.wait()
    assert at_work_in(tmp_path)
    second = play(tmp_path, started)
    said(second, "receipts")
    second.send_signal(signal.SIGINT)
    assert second.wait(60) == 130
    assert at_work_in(tmp_path) == []


@pytest.mark.parametrize("is_marked", [False, True])
def test_a_lake_that_is_not_only_a_simulated_one_is_not_touched(
    tmp_path: Path, started: list[subprocess.Popen[str]], is_marked: bool
) -> None:
    """A lake that is marked may have received something real since."""
    (tmp_path / "lake" / "landing").mkdir(parents=True)
    if is_marked:
        (tmp_path / "lake" / ".sandbox").touch()
        (tmp_path / "lake" / "receipts.jsonl").write_text('{"received_at": "2026-02-01T09:00:00.000000+00:00"}\n')
    process = play(tmp_path, started)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "not only, a simulated one" in printed
    assert (tmp_path / "lake" / "landing").is_dir()
