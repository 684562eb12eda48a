"""The acts of a night: what is pinned, what is refused, what is kept."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from threading import Thread

import pytest

from pipeline import build, night
from pipeline.errors import BadSetting, GateFailed, InputsMissing, LedgerUnbalanced, NothingToBuild, SanaqError
from pipeline.lake import Lake, append_line, point_current
from pipeline.sql import Workbench
from tests.night.conftest import FIRST, SECOND, land

BEFORE = "2021-10-20T02:00:00+05:00"
AFTER = "2021-10-22T02:00:00+05:00"


def make_all(build_id: str) -> None:
    for step in build.STEPS:
        night.run_step(build_id, step)


def test_a_build_is_pinned_to_the_newest_receipt(lake: Lake) -> None:
    build_id = night.open_build()
    manifest = json.loads((lake.builds / build_id / "manifest.json").read_text())
    assert manifest["as_of"] == SECOND
    assert manifest["inputs"]["batches"] == [f"{1:064x}", f"{2:064x}"]


def test_the_same_inputs_are_the_same_build(lake: Lake) -> None:
    assert night.open_build() == night.open_build(SECOND)
    assert night.open_build() != night.open_build(FIRST)


def test_a_night_is_pinned_to_its_own_moment(lake: Lake) -> None:
    pinned = night.pin_night(now=AFTER)
    assert pinned["as_of"] == "2021-10-21T21:00:00+00:00"
    assert pinned["build_id"] == night.open_build(AFTER)


def test_a_night_reaches_its_own_receipts_though_their_moments_are_a_little_later(lake: Lake) -> None:
    assert night.pin_night(now=BEFORE)["as_of"] == SECOND


def test_a_night_can_be_asked_for_an_earlier_moment(lake: Lake) -> None:
    pinned = night.pin_night(as_of=FIRST, now=AFTER)
    assert pinned == {"build_id": night.open_build(FIRST), "as_of": FIRST}


def test_nothing_received_is_nothing_to_build(lake: Lake) -> None:
    with pytest.raises(NothingToBuild):
        night.open_build("2021-01-01T00:00:00+05:00")


@pytest.mark.parametrize("text", ["yesterday", "2021-10-20", "2021-10-20T02:00:00", "2021-10-20 02:00"])
def test_a_moment_without_an_offset_is_refused(text: str) -> None:
    with pytest.raises(BadSetting):
        night.moment(text)


def test_no_night_runs_without_its_keys_because_their_folder_is_named_wrongly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SANAQ_SECRETS_DIR", str(tmp_path / "mistyped"))
    with pytest.raises(BadSetting, match="secret files cannot be read"):
        night.open_build()


def test_a_step_that_is_there_is_not_made_again(lake: Lake, steps: list[str]) -> None:
    build_id = night.open_build()
    make_all(build_id)
    make_all(build_id)
    assert steps == list(build.STEPS)


def test_a_killed_step_leaves_nothing_a_later_one_reads(lake: Lake, steps: list[str]) -> None:
    build_id = night.open_build()
    left_over = lake.builds / build_id / ".read.part"
    left_over.mkdir()
    (left_over / "half.parquet").touch()
    night.run_step(build_id, "read")
    assert list((lake.builds / build_id / "read").iterdir()) == []


def test_a_step_refuses_to_run_on_other_inputs_than_those_pinned(lake: Lake, steps: list[str]) -> None:
    build_id = night.open_build(AFTER)
    land(lake, f"{3:064x}", "2021-10-21T01:00:00+00:00")
    with pytest.raises(InputsMissing, match="batches, receipts changed"):
        night.run_step(build_id, "read")
    assert steps == []


def test_a_step_refuses_to_run_on_code_changed_since(
    lake: Lake, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_id = night.open_build()
    monkeypatch.setattr(build, "code_version", lambda: "other")
    with pytest.raises(InputsMissing, match="code changed"):
        night.run_step(build_id, "read")


def test_an_unknown_build_has_a_name(lake: Lake) -> None:
    with pytest.raises(NothingToBuild):
        night.run_step("0123456789abcdef", "read")


@pytest.mark.parametrize("act", [night.finish_build, night.reconcile, night.publish, night.release])
def test_a_build_that_is_not_whole_goes_no_further(lake: Lake, steps: list[str], act: object) -> None:
    build_id = night.open_build()
    for step in list(build.STEPS)[:-1]:
        night.run_step(build_id, step)
    with pytest.raises(GateFailed, match=list(build.STEPS)[-1]):
        act(build_id)  # type: ignore[operator]
    assert not (lake.builds / "current").exists()
    assert not lake.operations.exists()
    assert not lake.published.exists()


def test_a_release_needs_a_published_night(lake: Lake, steps: list[str]) -> None:
    build_id = night.open_build()
    make_all(build_id)
    night.finish_build(build_id)
    with pytest.raises(NothingToBuild, match="no night is published"):
        night.release()


@pytest.mark.parametrize("act", [night.publish, night.release])
def test_only_a_build_that_was_reconciled_and_balances_is_let_out(lake: Lake, steps: list[str], act: object) -> None:
    build_id = night.open_build()
    make_all(build_id)
    night.finish_build(build_id)
    with pytest.raises(LedgerUnbalanced, match=r"not reconciled.*sanaq reconcile"):
        act(build_id)  # type: ignore[operator]
    folder = lake.builds / build_id / "reconcile"
    folder.mkdir()
    (folder / "reconciliation.json").write_text('{"is_balanced": false}')
    with pytest.raises(LedgerUnbalanced, match="does not balance"):
        act(build_id)  # type: ignore[operator]
    assert not lake.operations.exists()
    assert not lake.published.exists()


def test_a_failing_gate_stops_the_night_and_leaves_what_is_published(
    lake: Lake, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = lake.operations / "20211019T200000Z-yesterday"
    yesterday.mkdir(parents=True)
    (yesterday / "operations.duckdb").write_bytes(b"yesterday")
    point_current(lake.operations, yesterday.name)

    def fail(bench: Workbench) -> None:
        raise GateFailed("keys repeat", where="person", todo="Read the profile.")

    last = list(build.STEPS)[-1]
    monkeypatch.setitem(build.STEPS, last, fail)
    pinned = night.pin_night(now=AFTER)
    with pytest.raises(GateFailed, match="keys repeat"):
        make_all(pinned["build_id"])
    for act in (night.finish_build, night.reconcile, night.publish):
        with pytest.raises(SanaqError):
            act(pinned["build_id"])
    assert (lake.operations / "current" / "operations.duckdb").read_bytes() == b"yesterday"
    assert [path.name for path in lake.operations.iterdir() if not path.is_symlink()] == [yesterday.name]


def test_old_builds_are_removed_but_not_those_published_or_current(lake: Lake) -> None:
    """Nor those a release tells a held group from."""
    ids = [night.open_build(f"2021-10-2{day}T02:00:00+05:00") for day in range(1, 8)]
    for age, build_id in enumerate(reversed(ids)):
        os.utime(lake.builds / build_id, (1_000_000 - age, 1_000_000 - age))
    for room, build_id in ((lake.operations, ids[0]), (lake.published, ids[1])):
        (room / "snapshot").mkdir(parents=True)
        made = (
            {"build_id": build_id, "disclosure": {"told": {"OTHER": ids[3]}}}
            if room == lake.published
            else {"build_id": build_id}
        )
        (room / "snapshot" / "manifest.json").write_text(json.dumps(made))
    point_current(lake.builds, ids[2])
    assert build.prune(lake, keep=2) == [ids[4]]
    assert sorted(path.name for path in lake.builds.iterdir()) == sorted({*ids, "current"} - {ids[4]})


def test_a_build_that_is_being_released_is_not_removed(lake: Lake) -> None:
    released, newest = night.open_build(FIRST), night.open_build(SECOND)
    for age, build_id in enumerate((newest, released)):
        os.utime(lake.builds / build_id, (1_000_000 - age, 1_000_000 - age))
    pruning = Thread(target=build.prune, args=(lake, 1))
    with lake.lock("publish"):
        pruning.start()
        pruning.join(0.5)
        (lake.published / "snapshot").mkdir(parents=True)
        (lake.published / "snapshot" / "manifest.json").write_text(json.dumps({"build_id": released}))
    pruning.join()
    assert (lake.builds / released).exists()


def test_a_build_the_round_was_closed_on_is_kept_reopened_too(lake: Lake) -> None:
    ids = [night.open_build(f"2021-10-2{day}T02:00:00+05:00") for day in range(1, 5)]
    for age, build_id in enumerate(reversed(ids)):
        os.utime(lake.builds / build_id, (1_000_000 - age, 1_000_000 - age))
    close = {"action": "close", "decided_at": AFTER, "build_id": ids[0]}
    for line in (close, {"action": "reopen", "decided_at": AFTER}):
        append_line(lake.decisions / "round.jsonl", line)
    assert build.prune(lake, keep=1) == [ids[2], ids[1]]


def test_what_a_killed_removal_left_is_removed(lake: Lake) -> None:
    night.open_build()
    left_over = lake.builds / ".0123456789abcdef.old"
    left_over.mkdir()
    build.prune(lake, keep=1)
    assert not left_over.exists()


@pytest.mark.parametrize(("name", "is_swept"), [(".read.part", True), (".publish.part", False)])
def test_what_a_killed_step_of_another_build_left_is_removed(
    lake: Lake, steps: list[str], name: str, is_swept: bool
) -> None:
    left_over = lake.builds / night.open_build(FIRST) / name
    left_over.mkdir()
    night.run_step(night.open_build(SECOND), next(iter(build.STEPS)))
    assert left_over.exists() is not is_swept


def test_a_removed_build_can_be_repeated_from_its_manifest(lake: Lake, tmp_path: Path) -> None:
    settings, _ = night.opened()
    build_id = night.open_build()
    manifest = tmp_path / "manifest.json"
    shutil.move(lake.builds / build_id / "manifest.json", manifest)
    shutil.rmtree(lake.builds / build_id)
    assert build.repeat_build(lake, settings, manifest).build_id == build_id
    shutil.rmtree(lake.landing / "list" / f"{1:064x}")
    with pytest.raises(InputsMissing, match="batches"):
        build.repeat_build(lake, settings, manifest)
