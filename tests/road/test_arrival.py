"""In what stages and how often things arrive does not change what is counted, nor whom a person's id names."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.evaluate import evaluate
from tests.road.conftest import Played
from tests.road.road import NIGHTS, ROUTES, Road, digests, rows

pytestmark = pytest.mark.timeout(600)


@pytest.mark.slow
def test_receiving_everything_again_changes_only_the_receipts(
    played: Played, copy_of: Callable[..., Road], campaign: Path
) -> None:
    again = copy_of("again", with_builds=True, campaign=campaign)
    before = digests(again.lake.root, "**/*")
    received = {row["route"]: row for row in again.receive(NIGHTS[-1])}
    after = digests(again.lake.root, "**/*")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed - {".receive.lock", ".portal.lock"} == {"receipts.jsonl"}
    assert all(row["landed"] == row["refused"] == 0 for row in received.values())
    assert all(received[route]["again"] for route in ROUTES if route != "portal")
    assert received["portal"]["note"] == "the portal has nothing new"
    old = played.road.lake.receipts.read_text().splitlines()
    assert again.lake.receipts.read_text().splitlines()[: len(old)] == old
    assert again.build().name == played.builds[-1].name


@pytest.fixture(scope="module")
def at_once(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of a lake in which all of the campaign was received on its last night."""
    folder = tmp_path_factory.mktemp("at-once")
    road = Road(folder, shutil.copytree(played.campaign, folder / "campaign"))
    road.receive(NIGHTS[-1])
    return road.build()


def states(build: Path) -> list[dict[str, Any]]:
    """Return the records of a build with what is the same however they arrived: route, bytes, and what became of them."""
    became = {row["record_id"]: row for row in rows(build, "record_state")}
    return [{**record, **became[record["record_id"]]} for record in rows(build, "record")]


def by_case(build: Path) -> dict[str, Counter[tuple[str, str | None]]]:
    """Return how many records of each case ended in which state, for which reason."""
    cases: dict[str, Counter[tuple[str, str | None]]] = defaultdict(Counter)
    for row in states(build):
        cases[row["case_id"] or row["bytes_sha256"]][row["state"], row["reason"]] += 1
    return cases


@pytest.mark.slow
def test_three_stages_or_one_the_same_records_are_received(played: Played, at_once: Path) -> None:
    received = [
        Counter((row["route"], row["bytes_sha256"]) for row in rows(build, "record"))
        for build in (played.builds[-1], at_once)
    ]
    assert received[0] == received[1]


@pytest.mark.slow
def test_three_stages_or_one_every_case_comes_to_the_same_states(played: Played, at_once: Path) -> None:
    staged, together = by_case(played.builds[-1]), by_case(at_once)
    differing = {case for case in staged | together if staged.get(case) != together.get(case)}
    conflicts = {
        row["case_id"]
        for build in (played.builds[-1], at_once)
        for row in states(build)
        if row["reason"] == "VERSION_CONFLICT"
    }
    assert differing <= conflicts, "only of two versions that contradict one another does the order of receipt choose"


# Records, cases and duplicates stand where the copy that came first was sent from: of a cloned tablet that may be either institution.
PEOPLE = "expected_present_count expected_usual_count present_count usual_count person_count present_only_count unresolved_count matched_count"


@pytest.mark.slow
def test_three_stages_or_one_the_same_people_are_counted(played: Played, at_once: Path) -> None:
    assert rows(played.builds[-1], "expected") == rows(at_once, "expected")
    counted = [
        {row["institution_id"]: [row[name] for name in PEOPLE.split()] for row in rows(build, "coverage_institution")}
        for build in (played.builds[-1], at_once)
    ]
    assert counted[0] == counted[1]
    staged, together = (evaluate(build, played.campaign / "truth") for build in (played.builds[-1], at_once))
    assert staged.usual == together.usual
    assert staged.present == together.present


@pytest.mark.slow
@pytest.mark.parametrize("night", [1, 2])
def test_an_unchanged_person_keeps_the_id_from_night_to_night(played: Played, night: int) -> None:
    before, after = (members(build) for build in played.builds[night - 1 : night + 1])
    known = set().union(*before.values())
    unchanged = {
        person: records for person, records in before.items() if records in [now & known for now in after.values()]
    }
    assert len(unchanged) > len(before) / 2
    assert {person for person, records in unchanged.items() if after.get(person, set()) & known != records} == set()


def members(build: Path) -> dict[str, set[str]]:
    """Return the records of every person."""
    people: dict[str, set[str]] = defaultdict(set)
    for row in rows(build, "person_record"):
        people[row["person_id"]].add(row["record_id"])
    return people


@pytest.mark.parametrize("night", [1, 2])
def test_every_id_ever_given_still_names_a_person(played: Played, night: int) -> None:
    known = {row["alias_person_id"] for row in rows(played.builds[night], "person_alias")}
    assert {row["person_id"] for row in rows(played.builds[night - 1], "person_record")} <= known


@pytest.mark.parametrize("night", [1, 2])
def test_a_record_nothing_new_touched_keeps_its_state(played: Played, night: int) -> None:
    before, after = ({row["record_id"]: row for row in states(build)} for build in played.builds[night - 1 : night + 1])
    assert before.keys() <= after.keys()
    cases = {row["case_id"] for record, row in after.items() if record not in before}
    people = {row["person_id"] for record, row in after.items() if record not in before} - {None}
    papers = _institutions_heard_from(played, night)
    untouched = [
        record
        for record, row in before.items()
        if row["case_id"] not in cases
        and after[record]["person_id"] not in people
        and row["person_id"] not in people
        and row["institution_id"] not in papers
    ]
    assert untouched
    moved = [
        record
        for record in untouched
        if (before[record]["state"], before[record]["reason"]) != (after[record]["state"], after[record]["reason"])
    ]
    assert moved == []


def _institutions_heard_from(played: Played, night: int) -> set[str]:
    """Institutions whose lists, movements or headcounts came since the night before."""
    manifests = [json.loads((build / "manifest.json").read_text()) for build in played.builds[night - 1 : night + 1]]
    new = set(manifests[1]["inputs"]["batches"]) - set(manifests[0]["inputs"]["batches"])
    return {
        batch["institution_id"]
        for batch in played.road.lake.batches()
        if batch["batch_id"] in new and batch["route"] in ("list", "movement", "headcount")
    }
