"""Decisions on what is in quarantine: appended, replayed in every build, two persons for S3."""

from __future__ import annotations

import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import BadDecision
from pipeline.lake import Lake, append_line, set_aside
from pipeline.resolve.decisions import register_decisions
from tests.resolve.field import Field, Outcome, stranger

HELD = {"rejects": ["R-FORM-NOT-APPROVED"]}
START = datetime(2021, 11, 1, tzinfo=UTC)


@pytest.fixture
def field() -> Field:
    return Field()


def test_discarded_is_settled_and_stays(field: Field, tmp_path: Path) -> None:
    field.decide(field.record("a", **HELD), "discard")
    field.record("b", **HELD)
    for paper, state in (
        ("held", "quarantined"),
        ("waits", "quarantined"),
        ("torn", "unreadable"),
        ("read since", "in_force"),
    ):
        field.rows["intake_record"].append({"record_id": paper, "state": state})
    field.decide("held", "discard")
    field.decide("torn", "discard")
    field.decide("read since", "discard")
    outcome = field.resolve(tmp_path)
    assert outcome.rows("SELECT case_id, state, is_settled FROM record_state ORDER BY case_id") == [
        ("a", "quarantined", True),
        ("b", "quarantined", False),
    ]
    assert outcome.rows("FROM intake_discarded") == [("held",), ("torn",)]


# What people did with a held record, in order, and what became of it. S3 is who sent, wrote or carried it.
DECIDED: dict[str, tuple[dict[str, str], list[tuple[str, str | None]], str]] = {
    "the last decision holds": ({}, [("discard", "DEP-01"), ("release", "DEP-01")], "counted"),
    "taken back, the rules judge": ({}, [("release", "DEP-01"), ("retry", "DEP-01")], "quarantined"),
    "nobody decided on S3": ({"site": "CRISIS"}, [], "quarantined"),
    "one person on S3": ({"site": "CRISIS"}, [("release", "DEP-01")], "quarantined"),
    "one person twice on S3": ({"site": "CRISIS"}, [("release", "DEP-01")] * 2, "quarantined"),
    "nobody named on S3": ({"site": "CRISIS"}, [("release", None)] * 2, "quarantined"),
    "two persons on S3": ({"site": "CRISIS"}, [("release", "DEP-01"), ("release", "DEP-02")], "counted"),
    "another decision in between starts the count of persons anew":
        ({"site": "CRISIS"}, [("release", "DEP-01"), ("discard", "DEP-02"), ("release", "DEP-02")], "quarantined"),
    "written by S3": ({"staff_id": "ST-CRISIS"}, [("release", "DEP-01")], "quarantined"),
    "carried by S3": ({"device_id": "TB-CRISIS"}, [("release", "DEP-01")], "quarantined"),
    "one person on a site of unknown category": ({"site": "MISTYPED"}, [("release", "DEP-01")], "quarantined"),
    "sent by S3": ({"institution_id": "CRISIS"}, [("release", "DEP-01")], "quarantined"),
}  # fmt: skip


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A field of people who have nothing in common, each held and decided on."""
    field = Field()
    for number, (case, (where, said, _)) in enumerate(DECIDED.items()):
        record = field.record(case, **stranger(number), **HELD, **where)
        for action, person in said:
            field.decide(record, action, by=person)
    return field.resolve(tmp_path_factory.mktemp("decided"))


@pytest.mark.parametrize("case", DECIDED)
def test_what_was_decided_last_holds_and_on_s3_once_two_persons_say_so(decided: Outcome, case: str) -> None:
    assert decided.state(case) == DECIDED[case][-1]


def test_a_winner_taken_back_gives_the_case_to_the_first(field: Field, tmp_path: Path) -> None:
    field.record("a")
    second = field.record("a")
    field.decide(second, "release")
    field.decide(second, "retry")
    assert field.resolve(tmp_path).states("a") == ["counted", "quarantined"]


@pytest.mark.parametrize(
    "line", [{"action": "release"}, {"record_id": "x", "action": "erase"}, {"record_id": 7, "action": "release"}]
)
def test_a_line_that_says_nothing_is_named(field: Field, tmp_path: Path, line: dict[str, object]) -> None:
    field.decisions.append({**line, "decided_at": START.isoformat()})
    with pytest.raises(BadDecision):
        field.resolve(tmp_path)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"action": "release"}', '{"decided_at": "2021-10-10T10:00:00"}', '{"decided_at": 7}']
)
def test_a_damaged_line_is_named_and_not_quoted(tmp_path: Path, line: str) -> None:
    lake = Lake(tmp_path)
    append_line(
        lake.decisions / "quarantine.jsonl", {"record_id": "x", "action": "release", "decided_at": START.isoformat()}
    )
    with (lake.decisions / "quarantine.jsonl").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(BadDecision) as caught:
        lake.decided("quarantine", START)
    assert caught.value.where.endswith("quarantine.jsonl:2")
    assert '"decided_at": ' not in str(caught.value)


def test_wherever_a_kill_cuts_a_decision_it_is_whole_or_not_there_and_the_next_one_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    path = lake.decisions / "quarantine.jsonl"
    first, killed, after = (
        {"record_id": name, "why": "қайта оқылды", "decided_at": START.isoformat()} for name in ("a", "b", "c")
    )
    append_line(path, first)
    whole = path.read_bytes()
    append_line(path, killed)
    line = path.read_bytes().removeprefix(whole)
    for cut in (*range(0, len(line), 7), len(line) - 1):
        torn = line[:cut] if cut < len(line) - 1 else b""  # all but its end had been written
        path.write_bytes(whole + line[:cut])
        there = [first] if torn or not cut else [first, killed]
        assert (lake.decided("quarantine", START), lake.torn()) == (there, ["quarantine.jsonl"] if torn else [])
        append_line(path, after)
        assert lake.decided("quarantine", START) == [*there, after]
        assert lake.torn() == (["quarantine.jsonl"] if torn else [])
        aside = set_aside(path)
        assert (aside.read_bytes() if aside.exists() else b"") == (torn and torn + b"\n")
        aside.unlink(missing_ok=True)


def test_a_line_the_disk_does_not_take_leaves_nothing_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    append_line(path, {"decided_at": START.isoformat()})
    whole = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 10, hard))
    try:
        with pytest.raises(OSError, match="No space"):
            append_line(path, {"decided_at": START.isoformat(), "why": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_bytes() == whole


# ------------------------------------------------------------------ any history of decisions

PERSONS = ("DEP-01", "DEP-02", "DEP-03")
HISTORY = st.lists(
    st.tuples(st.sampled_from(["plain", "crisis"]), st.sampled_from(["release", "discard", "retry"]), st.sampled_from(PERSONS)),
    max_size=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def two_held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, dict[str, str]]:
    """A record of an ordinary institution and one of an S3 institution, both held."""
    field = Field()
    ids = {"plain": field.record("plain", **HELD), "crisis": field.record("crisis", site="CRISIS", **HELD)}
    return field.resolve(tmp_path_factory.mktemp("history")), ids


def _holds(history: list[tuple[str, str, str]], item: str) -> str | None:
    """What holds on an item, told step by step."""
    holding, last, persons = None, None, set()
    for about, action, person in history:
        if about != item:
            continue
        persons = {*persons, person} if action == last else {person}
        last = action
        if action == "retry":
            holding = None
        elif item == "plain" or len(persons) > 1:
            holding = action
    return holding


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORY, seen=st.integers(0, 12))
def test_what_holds_is_what_the_history_up_to_as_of_says(
    two_held: tuple[Outcome, dict[str, str]], history: list[tuple[str, str, str]], seen: int
) -> None:
    outcome, ids = two_held
    path = outcome.bench.lake.decisions / "quarantine.jsonl"
    path.unlink(missing_ok=True)
    for number, (item, action, person) in enumerate(history):
        moment = (START + timedelta(hours=number)).isoformat()
        append_line(path, {"record_id": ids[item], "action": action, "decided_by": person, "decided_at": moment})
    register_decisions(outcome.bench, START + timedelta(hours=seen) - timedelta(seconds=1))
    expected = {(ids[item], action) for item in ids if (action := _holds(history[:seen], item))}
    assert set(outcome.rows("SELECT record_id, action FROM quarantine_decision")) == expected
