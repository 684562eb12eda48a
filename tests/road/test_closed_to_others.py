"""What lies in a lake is its owner's alone, whoever writes it there and whatever the account's umask."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.road.conftest import Played
from tests.road.road import Road, rows, umask

pytestmark = pytest.mark.timeout(600)
DECISION = ("--by", "DEP-01", "--why", "looked at on paper")


def open_to_others(lake: Path) -> list[str]:
    paths = [lake, *(path for path in lake.rglob("*") if not path.is_symlink())]
    return sorted(str(path.relative_to(lake)) for path in paths if path.stat().st_mode & 0o077)


def test_nothing_that_nights_and_a_release_leave_is_open_to_others(played: Played) -> None:
    assert open_to_others(played.road.lake.root) == []


def test_nothing_that_is_written_at_the_desk_is_open_to_others(played: Played, copy_of: Callable[..., Road]) -> None:
    road = copy_of("desk", with_builds=True)
    person, *_ = rows(played.builds[-1], "person")
    with umask(0o022):
        road.do("resolve", "explain", person["person_id"], "--identity", "--by", "DEP-01", "--s3")
        held, *_ = road.do("quarantine", "list")
        road.do("quarantine", "discard", held["record_id"], *DECISION)
        road.do("publish", "--rollback", "previous", *DECISION)
    lake = road.lake
    assert all(path.exists() for path in (lake.access, lake.rollbacks, lake.decisions / "quarantine.jsonl"))
    assert open_to_others(lake.root) == []
