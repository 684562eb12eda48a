"""The same inputs are the same tables, byte for byte, whoever builds them, where, when and with how many threads."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.lake import append_line
from tests.road.conftest import Played
from tests.road.road import NIGHTS, Road, digests

pytestmark = pytest.mark.timeout(600)


def test_two_empty_lakes_come_to_the_same_bytes_whatever_the_number_of_threads(
    played: Played, tmp_path: Path, campaign: Path
) -> None:
    other = Road(tmp_path / "other", campaign, threads=2)
    for until in NIGHTS:
        other.receive(until)
    build = other.build()
    assert other.landing() == played.road.landing()
    assert build.name == played.builds[-1].name
    assert digests(build) == digests(played.builds[-1])
    other.do("reconcile")
    other.do("publish")
    here, there = (road.lake.operations / "current" / "manifest.json" for road in (other, played.road))
    assert json.loads(here.read_text())["content_digest"] == json.loads(there.read_text())["content_digest"]


@pytest.fixture
def rebuilt(copy_of: Callable[..., Road]) -> Road:
    """A lake elsewhere that was given only what a lake is rebuilt from."""
    return copy_of("elsewhere")


@pytest.mark.slow
def test_a_manifest_repeats_its_build_in_a_lake_rebuilt_elsewhere(played: Played, rebuilt: Road) -> None:
    rebuilt.settings["threads"] = 2
    again = rebuilt.build("--inputs", played.builds[-1] / "manifest.json")
    assert again.name == played.builds[-1].name
    assert digests(again) == digests(played.builds[-1])


@pytest.mark.slow
def test_what_came_later_does_not_change_an_earlier_night(played: Played, rebuilt: Road) -> None:
    """The second night, built when the USB sticks of the third had long been received."""
    append_line(
        rebuilt.lake.decisions / "review.jsonl",
        {
            "decided_at": "2021-12-09T10:00:00+05:00",
            "left_case_id": "a",
            "right_case_id": "b",
            "verdict": "same",
            "decided_by": "DEP-01",
        },
    )
    as_of = json.loads((played.builds[1] / "manifest.json").read_text())["as_of"]
    again = rebuilt.build("--as-of", as_of)
    assert again.name == played.builds[1].name
    assert digests(again) == played.first_digests[1]


def test_building_twice_changes_nothing(played: Played, copy_of: Callable[..., Road]) -> None:
    twice = copy_of("twice", with_builds=True)
    before = {path: path.stat().st_mtime_ns for path in twice.lake.builds.rglob("*.parquet")}
    assert twice.build().name == played.builds[-1].name
    assert {path: path.stat().st_mtime_ns for path in twice.lake.builds.rglob("*.parquet")} == before


def test_later_nights_left_earlier_builds_as_they_were(played: Played) -> None:
    assert [digests(build) for build in played.builds] == played.first_digests
