"""Taking a night or a release back is a decision: somebody known takes it, for a reason that may be read, and the lake keeps it."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline import night
from pipeline.cli import app
from pipeline.errors import BadDecision, NothingToBuild, StalePublication
from pipeline.lake import Lake
from pipeline.settings import load_settings
from tests.made_build import AS_OF, MadeBuild

EMPLOYEES = {"employee": [{"employee_id": "DEP-01", "full_name": "-"}]}
WHY = "built with a wrong list"


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with two nights and two releases, the later ones in force."""
    folder = tmp_path_factory.mktemp("nights") / "lake"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANAQ_LAKE", str(folder))
        patch.setenv("SANAQ_ID_KEY", "a secret")
        for days in (0, 1):
            made = MadeBuild(as_of=AS_OF + timedelta(days=days), tables=EMPLOYEES)
            build_id = made.write(folder, load_settings()).name
            night.finish_build(build_id)
            night.reconcile(build_id)
            night.publish(build_id)
            night.release(build_id)
    return folder


@pytest.fixture
def lake(two_nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("SANAQ_LAKE", str(tmp_path / "lake"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(two_nights, tmp_path / "lake", symlinks=True)
    return Lake(tmp_path / "lake")


def sanaq(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(("command", "room"), [("publish", "operations"), ("release", "published")])
def test_who_decided_and_why_stays_in_the_lake_and_enters_no_published_tree(
    lake: Lake, command: str, room: str
) -> None:
    said = sanaq(command, "--rollback", "previous", "--by", "DEP-01", "--why", WHY)
    assert said.exit_code == 0, said.output
    (line,) = lake.rolled_back(lake.root / room)
    assert (line["decided_by"], line["why"]) == ("DEP-01", WHY)
    assert lake.rollbacks.stat().st_mode & 0o077 == 0
    assert not list((lake.root / room).rglob("*.jsonl"))


def test_a_rollback_is_no_input_of_a_build(lake: Lake) -> None:
    before = lake.newest_input()
    sanaq("publish", "--rollback", "previous", "--by", "DEP-01", "--why", WHY)
    assert lake.newest_input() == before
    assert not list(lake.decisions.glob("*"))


@pytest.mark.parametrize(
    ("by", "why", "message"),
    [("EMP-0001", WHY, "no such employee"), ("DEP-01", "wrong 850101300123", "IIN"), ("DEP-01", "x", "too short")],
)
def test_what_the_desk_refuses_is_refused_here(lake: Lake, by: str, why: str, message: str) -> None:
    present = (lake.operations / "current").readlink()
    with pytest.raises(BadDecision, match=message):
        night.roll_back("operations", "previous", by, why)
    assert (lake.operations / "current").readlink() == present
    assert not lake.rollbacks.exists()


def test_where_the_last_register_knows_nobody_another_build_s_is_asked(lake: Lake) -> None:
    known = (lake.builds / "current").resolve().name
    night.finish_build(MadeBuild(as_of=AS_OF + timedelta(days=2)).write(lake.root, load_settings()).name)
    words = ("publish", "--rollback", "previous", "--by", "DEP-01", "--why", WHY)
    assert isinstance(sanaq(*words).exception, BadDecision)
    assert sanaq(*words, "--build", known).exit_code == 0


def test_a_release_taken_back_is_not_exported_until_it_is_restored(lake: Lake, tmp_path: Path) -> None:
    taken_back = str((lake.published / "current").readlink())
    sanaq("release", "--rollback", "previous", "--by", "DEP-01", "--why", WHY)
    with pytest.raises(StalePublication, match=f"taken back.*sanaq release --restore {taken_back}"):
        night.export("ddi", tmp_path / "out", taken_back, "en")
    assert not (tmp_path / "out").exists()
    said = sanaq("release", "--restore", taken_back, "--by", "DEP-01", "--why", "it was right")
    assert said.exit_code == 0, said.output
    assert night.export("ddi", tmp_path / "out", taken_back, "en")


@pytest.mark.parametrize(
    "words",
    [("--rollback", "previous"), ("--rollback", "previous", "--by", "DEP-01"), ("--rollback", "previous", "--restore", "x")],
)  # fmt: skip
def test_a_switch_without_who_and_why_or_both_ways_at_once_is_refused(lake: Lake, words: tuple[str, ...]) -> None:
    assert sanaq("publish", *words).exit_code == 2
    assert not lake.rollbacks.exists()


def test_an_empty_name_publishes_nothing(lake: Lake) -> None:
    said = sanaq("publish", "--rollback", "", "--by", "DEP-01", "--why", WHY)
    assert isinstance(said.exception, NothingToBuild)


@pytest.mark.parametrize(("command", "room"), [("publish", "operations"), ("release", "published")])
def test_status_says_what_was_taken_back_why_and_what_to_do_until_it_is_done(
    lake: Lake, command: str, room: str
) -> None:
    taken_back = str((lake.root / room / "current").readlink())
    assert json.loads(sanaq("status", "--json").output)["rolled_back"] == []
    sanaq(command, "--rollback", "previous", "--by", "DEP-01", "--why", "a [wrong] list")
    assert json.loads(sanaq("status", "--json").output)["rolled_back"] == lake.rolled_back(lake.root / room)
    said = sanaq("status").output
    assert f"taken back  {room}, by DEP-01 on " in said
    assert "or was taken back" in next(line for line in said.splitlines() if line.startswith("late"))
    assert "a [wrong] list" in said
    assert f"sanaq {command} --restore {taken_back}" in said
    sanaq(command, "--restore", taken_back, "--by", "DEP-01", "--why", "it was right")
    assert json.loads(sanaq("status", "--json").output)["rolled_back"] == []
    assert "taken back  " not in sanaq("status").output


@pytest.mark.parametrize("words", [("release", "--rollback", "R1", "--by", "DEP-01", "--why", WHY), ("export", "ddi", "out", "--release", "R1")])  # fmt: skip
def test_of_an_unknown_release_it_is_said_which_there_are(lake: Lake, words: tuple[str, ...]) -> None:
    problem = sanaq(*words).exception
    assert isinstance(problem, NothingToBuild)
    for folder in lake.published.glob("R*"):
        assert folder.name in problem.todo


def test_before_the_first_release_an_export_says_how_there_comes_to_be_one(lake: Lake) -> None:
    shutil.rmtree(lake.published)
    with pytest.raises(NothingToBuild, match="Run `sanaq release` first"):
        night.export("ddi", lake.root / "out", "current", "en")


def test_of_an_unknown_build_the_last_one_made_is_offered(lake: Lake) -> None:
    with pytest.raises(NothingToBuild, match="leave --build out"):
        night.roll_back("operations", "previous", "DEP-01", WHY, "0123456789abcdef")
