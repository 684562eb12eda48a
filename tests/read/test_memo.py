"""Typed rows are kept by runs of batches; whether they were kept is not to be seen in the tables."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import prune
from pipeline.errors import InputsMissing, StepFailed
from pipeline.lake import clock_from
from pipeline.read import office, submissions
from pipeline.read.seals import Seal
from pipeline.sql import Workbench
from tests.read.desk import Desk, line, rows, submission
from tests.receive.field import START


def fill(desk: Desk, bundles: int, start: int = 0) -> None:
    """Receive bundles of three lines, a minute apart."""
    for number in range(start, start + bundles):
        lines = b"".join(line(submission(10 * number + n)) + b"\n" for n in range(3))
        desk.bundle(f"tablet_vpn/TB-{number:04d}", lines=lines, device_id=f"TB-{number:04d}")
        desk.receive("tablet_vpn", clock_from(START + timedelta(minutes=number)))


def read(desk: Desk) -> Workbench:
    """Read the submissions."""
    bench = desk.bench()
    submissions.run(bench, defaultdict(Seal), [])
    return bench


def bytes_of(bench: Workbench) -> dict[str, str]:
    """Return the hash of every table file."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(bench.step_dir.glob("*.parquet"))
    }


def content(bench: Workbench) -> list[list[tuple[object, ...]]]:
    """Return the rows of every table in order."""
    return [rows(bench, f"SELECT * FROM {table} ORDER BY record_id") for table in submissions.TABLES]


@pytest.mark.parametrize("run_bytes", [1, 4000, 10**9])
def test_tables_do_not_depend_on_how_batches_are_cut_into_runs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, run_bytes: int
) -> None:
    fill(desk, 9)
    first = content(read(desk))
    monkeypatch.setattr(submissions, "RUN_BYTES", run_bytes)
    shutil.rmtree(desk.lake.memo)
    assert content(read(desk)) == first


@pytest.mark.parametrize(("threads", "at_once"), [(1, 1), (2, 2), (5, 2)])
def test_no_more_runs_are_read_at_once_than_there_are_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, at_once: int
) -> None:
    """And no more readers are at it: each plans its query once, whatever it reads with it."""
    threads_seen: set[int] = set()
    readers: set[submissions.Reader] = set()
    read_run = submissions.Reader.parquet

    def noted(self: submissions.Reader, run: list[dict[str, Any]], seals: Mapping[str, Seal]) -> dict[str, list[Path]]:
        threads_seen.add(threading.get_ident())
        readers.add(self)
        return read_run(self, run, seals)

    monkeypatch.setattr(submissions, "RUN_BYTES", 1)
    monkeypatch.setattr(submissions.Reader, "parquet", noted)
    desk = Desk(tmp_path, threads=threads, memory_limit="1GB")
    fill(desk, 6)
    read(desk)
    assert len(threads_seen) == at_once
    assert len(readers) <= at_once


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow), 5])
def test_kept_files_are_the_same_bytes_whatever_the_number_of_threads(tmp_path: Path, threads: int) -> None:
    def kept(count: int) -> dict[str, str]:
        desk = Desk(tmp_path / str(count), threads=count, memory_limit="1GB")
        lines = [
            line(submission(n, religion=n % 9, unknown=1) if n % 7 else submission(n, religion="x"))
            for n in range(3000)
        ]
        desk.read_lines(*lines, b"{", *lines)
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(desk.lake.memo.rglob("*.parquet"))
        }

    assert kept(threads) == kept(3)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_lines_without_a_fault_are_kept_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """They are written as they are read, unsorted: the order is the engine's to keep, over all pieces and threads."""
    monkeypatch.setattr("pipeline.read.feed.BATCH_ROWS", 100)
    desk = Desk(tmp_path, threads=threads, memory_limit="1GB")
    bench = desk.read_lines(*(line(submission(n)) for n in range(3000)))
    numbers = [(number,) for number in range(1, 3001)]
    assert bench.con.execute("SELECT record_no FROM record").fetchall() == numbers
    for table in ("identity", "answers"):
        found = bench.con.execute(f"SELECT CAST(right(record_id, 7) AS INTEGER) FROM {table}").fetchall()
        assert found == numbers


@pytest.mark.parametrize("threads", [1, 5])
def test_tables_are_the_same_bytes_whatever_the_number_of_threads(desk: Desk, tmp_path: Path, threads: int) -> None:
    fill(desk, 9)
    other = Desk(tmp_path / "other", threads=threads, memory_limit="1GB")
    fill(other, 9)
    assert bytes_of(read(desk)) == bytes_of(read(other))


def test_reading_again_from_the_landing_gives_the_same_bytes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "RUN_BYTES", 6000)
    fill(desk, 9)
    first = bytes_of(read(desk))
    shutil.rmtree(desk.lake.memo)
    assert bytes_of(read(desk)) == first


def test_slabs_do_not_show(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 9)
    first = content(read(desk))
    monkeypatch.setattr(submissions, "SLAB_ROWS", 4)
    monkeypatch.setattr("pipeline.read.feed.BATCH_ROWS", 2)
    shutil.rmtree(desk.lake.memo)
    assert content(read(desk)) == first
    assert len(list(desk.lake.memo.rglob("record-*.parquet"))) > 1


def test_long_lines_fill_a_slab_twice_as_fast(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.read.feed.BATCH_ROWS", 1)
    fill(desk, 9)
    files = [file for batch in desk.lake.batches() for file in batch["files"] if file["path"].endswith(".ndjson")]
    monkeypatch.setattr(submissions, "SLAB_BYTES", sum(file["size"] for file in files))

    def slabs() -> int:
        shutil.rmtree(desk.lake.memo, ignore_errors=True)
        read(desk)
        return len(list(desk.lake.memo.rglob("record-*.parquet")))

    assert slabs() == 1
    monkeypatch.setattr(submissions, "LONG_LINE", 10)
    assert slabs() == 2


def test_a_second_build_reads_nothing_again_and_gives_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk, 3)
    first = bytes_of(read(desk))
    monkeypatch.setattr(submissions.Reader, "_read", lambda *_: pytest.fail("read again"))
    assert bytes_of(read(desk)) == first


def test_whole_runs_are_kept_while_batches_are_added(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "RUN_BYTES", 8000)
    fill(desk, 12)
    before = submissions.runs(desk.lake.batches())
    fill(desk, 6, start=12)
    after = submissions.runs(desk.lake.batches())
    assert len(before) > 2
    assert after[: len(before) - 1] == before[:-1]
    assert [batch for run in after for batch in run] == desk.lake.batches()


def test_a_build_as_of_an_earlier_moment_sees_what_had_been_received(desk: Desk) -> None:
    fill(desk, 5)
    bench = desk.bench(START + timedelta(minutes=2))
    submissions.run(bench, defaultdict(Seal), [])
    assert rows(bench, "SELECT count(*), count(DISTINCT batch_id) FROM record") == [(9, 3)]
    assert rows(bench, "SELECT count(*) FROM answers") == [(9,)]


def test_a_reading_that_was_killed_leaves_nothing_a_later_one_takes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(desk, 2)
    with monkeypatch.context() as patch:
        patch.setattr(submissions.Reader, "_vet", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            read(desk)
    assert rows(read(desk), "SELECT count(*) FROM record") == [(6,)]


def test_record_order_is_the_order_of_receipt(desk: Desk) -> None:
    fill(desk, 4)
    found = rows(read(desk), "SELECT received_at, batch_id, record_no FROM record")
    assert found == sorted(found)


@pytest.mark.parametrize(
    "change", [lambda content: content[:-40], lambda content: content.replace(b'"sex": 1', b'"sex": 2')]
)
def test_a_landed_file_that_was_changed_is_refused_without_its_name(
    desk: Desk, change: Callable[[bytes], bytes]
) -> None:
    folder = desk.bundle("tablet_vpn/TB-0001")
    (folder / "Иванов Иван.ndjson").write_bytes(line(submission()) + b"\n")
    desk.receive("tablet_vpn")
    landed = next(desk.lake.landing.rglob("Иванов*"))
    landed.write_bytes(change(landed.read_bytes()))
    with pytest.raises(InputsMissing) as caught:
        desk.read_submissions()
    assert "Иванов" not in str(caught.value)
    assert re.search(r", file \d\]", str(caught.value))


@pytest.mark.parametrize("name", ["manifest.json", "submissions.ndjson"])
def test_of_a_signed_bundle_the_landed_bytes_are_proven_and_not_what_was_noted_of_them(desk: Desk, name: str) -> None:
    desk.know_tablet()
    desk.bundle("tablet_vpn/TB-0001")
    desk.receive("tablet_vpn")
    landed = next(desk.lake.landing.glob(f"tablet_vpn/*/files/{name}"))
    landed.write_bytes(landed.read_bytes().swapcase())
    with pytest.raises(InputsMissing):
        desk.read()


def test_a_landed_list_that_was_changed_is_refused(desk: Desk) -> None:
    desk.put("list/MNG-0001/a.csv", "№;Фамилия;Имя\n1;Әлиев;Ұлан\n".encode())
    desk.receive("list")
    landed = next(desk.lake.landing.glob("list/*/files/*"))
    landed.write_bytes(landed.read_bytes().replace(b"1", b"2"))
    with pytest.raises(InputsMissing):
        desk.read_office()


def test_an_engine_error_says_nothing_of_the_data(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB quotes the value a cast fails on; the step's error must not."""
    fill(desk, 1)
    failing = "SELECT CAST(line AS INTEGER) AS x FROM lines"
    monkeypatch.setattr(submissions, "slab_query", lambda _: failing)
    with pytest.raises(StepFailed) as caught:
        read(desk)
    assert "Әлиев" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_another_version_of_the_library_that_opens_workbooks_reads_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = office.OfficeReader(desk.bench()).version
    assert office.OfficeReader(desk.bench()).version == known
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0.1" if name == "python-calamine" else "x")
    assert office.OfficeReader(desk.bench()).version != known


def test_what_no_build_has_read_for_days_is_removed_and_what_the_last_one_read_is_kept(desk: Desk) -> None:
    fill(desk, 1)
    desk.read()
    kept = set(desk.lake.memo.glob("*/*"))
    (desk.lake.memo / "version" / "run").mkdir(parents=True)
    for folder in desk.lake.memo.glob("*/*"):
        os.utime(folder, (0, 0))
    desk.read()
    prune(desk.lake, keep=1)
    assert len(kept) == 2  # of submissions, and of what offices sent
    assert set(desk.lake.memo.glob("*/*")) == kept
