"""What people say about pairs wins over the rules, is replayed in every build, and only what matters to the count is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadDecision
from pipeline.resolve.cluster import TIERS, People
from tests.resolve.field import Field, Outcome, sound, stranger

NUMBER, OTHER_NUMBER = sound("50051730123"), sound("50051740456")
ELSEWHERE = {"site": "ORPHANS", "patronymic": None}


@pytest.fixture
def field() -> Field:
    return Field()


def worklist(outcome: Outcome) -> list[tuple[Any, ...]]:
    return outcome.rows("SELECT left_case_id, right_case_id, reason, standing FROM review_pair ORDER BY rank_no")


# ------------------------------------------------------------------------------------------------------ what is asked


def test_a_pair_that_may_count_one_person_twice_waits(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("b", **ELSEWHERE)
    outcome = field.resolve(tmp_path)
    assert worklist(outcome) == [("a", "b", "OTHER_INSTITUTION", "waits")]
    assert outcome.rows("SELECT effect_count, needs_two, rank_no FROM review_pair") == [(1, False, 1)]


def test_two_people_are_asked_about_once_however_many_records_they_have(field: Field, tmp_path: Path) -> None:
    for case in ("a", "a again"):
        field.record(case, iin=NUMBER)
    for case in ("b", "b again"):
        field.record(case, iin=OTHER_NUMBER, site="ORPHANS")
    assert len(worklist(field.resolve(tmp_path))) == 1


def test_nobody_is_asked_about_whom_the_count_does_not_hold(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("gone", **ELSEWHERE, stay_to_on=date(2021, 8, 1))
    outcome = field.resolve(tmp_path)
    assert outcome.state("gone") == "out_of_scope"
    assert worklist(outcome) == []


# --------------------------------------------------------------------------------------------------- what is answered


def test_same_makes_one_person_whatever_the_rules_say(field: Field, tmp_path: Path) -> None:
    field.record("a", iin=NUMBER)
    field.record("b", "Омаров", "Болат", iin=OTHER_NUMBER, birth_on=date(1971, 3, 9), patronymic="Болатұлы")
    field.say("a", "b", "same")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b")
    assert outcome.tier("b") == "R"
    assert worklist(outcome) == []


def test_records_of_either_number_still_join_whom_a_word_made_one(field: Field, tmp_path: Path) -> None:
    for case, number in (("a", NUMBER), ("a again", NUMBER), ("b", OTHER_NUMBER), ("b again", OTHER_NUMBER)):
        field.record(case, iin=number)
    field.say("a", "b", "same")
    assert field.resolve(tmp_path).are_one("a", "a again", "b", "b again")


def test_different_parts_whom_the_rules_join(field: Field, tmp_path: Path) -> None:
    for case in ("a", "b"):
        field.record(case, iin=NUMBER)
    field.say("a", "b", "different")
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "b")
    assert worklist(outcome) == []


def test_different_cuts_a_chain_at_its_weakest_link(field: Field, tmp_path: Path) -> None:
    field.record("number", iin=NUMBER)
    field.record("both", iin=NUMBER)
    field.record("name only")
    field.say("number", "name only", "different")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("number", "both")
    assert outcome.are_apart("number", "name only")


def test_a_later_version_of_a_case_keeps_what_was_said_of_it(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("b", **ELSEWHERE)
    field.say("a", "b", "same")
    field.record("b", case_version=2, **ELSEWHERE)
    assert field.resolve(tmp_path).are_one("a", "b")


def test_unsure_waits_for_a_second_person_whose_word_holds(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("b", **ELSEWHERE)
    field.say("a", "b", "unsure")
    assert worklist(field.resolve(tmp_path / "first")) == [("a", "b", "OTHER_INSTITUTION", "unsure")]
    field.say("a", "b", "same", by="DEP-02")
    assert field.resolve(tmp_path / "second").are_one("a", "b")


@pytest.mark.parametrize("number", [None, NUMBER])
def test_whoever_disagrees_leaves_the_machine_its_choice_and_is_listed(
    field: Field, tmp_path: Path, number: str | None
) -> None:
    field.record("a", iin=number)
    field.record("b", iin=number, **ELSEWHERE)
    field.say("a", "b", "same")
    field.say("a", "b", "different", by="DEP-02")
    outcome = field.resolve(tmp_path)
    assert outcome.are_one("a", "b") is (number is not None)
    assert [row[-1] for row in worklist(outcome)] == ["disputed"]


# Where the other record of a pair comes from, who said what of the two, in order; whether they are one then, and how the pair stands.
TWO_DISAGREE = [("DEP-01", "same"), ("DEP-02", "different")]
SAID: dict[str, tuple[str, list[tuple[str, str]], bool, list[tuple[str, bool]]]] = {
    "a third person says same": ("ORPHANS", [*TWO_DISAGREE, ("DEP-03", "same")], True, []),
    "a third person says different": ("ORPHANS", [*TWO_DISAGREE, ("DEP-03", "different")], False, []),
    "one of the two changes their mind": ("ORPHANS", [*TWO_DISAGREE, ("DEP-02", "same")], True, []),
    "a third person says same of S3": ("CRISIS", [*TWO_DISAGREE, ("DEP-03", "same")], True, []),
    "a third person says different of S3": ("CRISIS", [*TWO_DISAGREE, ("DEP-03", "different")], False, []),
    "one of the two changes their mind of S3": ("CRISIS", [*TWO_DISAGREE, ("DEP-02", "same")], True, []),
    "one of the two is no longer sure of S3": ("CRISIS", [*TWO_DISAGREE, ("DEP-02", "unsure")], False, [("proposed", True)]),
    "a person thinks again": ("ORPHANS", [("DEP-01", "different"), ("DEP-01", "same")], True, []),
    "one person says same of S3": ("CRISIS", [("DEP-01", "same")], False, [("proposed", True)]),
    "one person says same of a site of unknown category": ("MISTYPED", [("DEP-01", "same")], False, [("proposed", True)]),
    "one person says it twice of S3": ("CRISIS", [("DEP-01", "same")] * 2, False, [("proposed", True)]),
    "two persons say same of S3": ("CRISIS", [("DEP-01", "same"), ("DEP-02", "same")], True, []),
}  # fmt: skip


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A field of pairs that have nothing in common with one another, each said something of."""
    field = Field()
    for number, (case, (site, words, _, _)) in enumerate(SAID.items()):
        field.record(case, **stranger(number))
        field.record(f"{case}, again", **stranger(number), site=site, patronymic=None)
        for person, verdict in words:
            field.say(case, f"{case}, again", verdict, by=person)
    return field.resolve(tmp_path_factory.mktemp("said"))


@pytest.mark.parametrize("case", SAID)
def test_a_third_person_or_a_change_of_mind_settles_a_pair_and_on_s3_two_persons(said: Outcome, case: str) -> None:
    _, _, is_one, standings = SAID[case]
    assert said.are_one(case, f"{case}, again") is is_one
    assert said.rows(f"SELECT standing, needs_two FROM review_pair WHERE left_case_id = '{case}'") == standings


def test_one_cannot_be_the_same_as_two_who_differ(field: Field, tmp_path: Path) -> None:
    for case, site in (("a", "CARE"), ("b", "ORPHANS"), ("c", "HOSPITAL")):
        field.record(case, patronymic=None, site=site)
    for pair, verdict in (("ab", "same"), ("bc", "same"), ("ac", "different")):
        field.say(*pair, verdict)
    outcome = field.resolve(tmp_path)
    assert outcome.are_apart("a", "c")
    assert [row[-1] for row in worklist(outcome)] == ["contradicted"]


def test_what_was_said_later_is_not_known_yet(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("b", **ELSEWHERE)
    field.say("a", "b", "same", at=datetime(2021, 12, 21, tzinfo=UTC))
    assert field.resolve(tmp_path).are_apart("a", "b")


@pytest.mark.parametrize(
    "line",
    [
        {"left_case_id": "a", "verdict": "same"},
        {"left_case_id": "b", "right_case_id": "a", "verdict": "same"},
        {"left_case_id": "a", "right_case_id": "b", "verdict": "perhaps"},
        {"left_case_id": "a", "right_case_id": "b", "verdict": "same", "decided_by": None},
    ],
)
def test_a_line_that_says_nothing_of_a_pair_is_named(field: Field, tmp_path: Path, line: dict[str, object]) -> None:
    field.verdicts.append({"decided_at": "2021-11-01T00:00:00+00:00", "decided_by": "DEP-01", **line})
    with pytest.raises(BadDecision):
        field.resolve(tmp_path)


# -------------------------------------------------------------------------------------------- any words, any evidence

NODES = st.integers(0, 7)
PAIRS = st.tuples(NODES, NODES).filter(lambda pair: pair[0] < pair[1])


@given(
    evidence=st.lists(st.tuples(PAIRS, st.sampled_from(TIERS[1:])), max_size=20),
    same=st.lists(PAIRS, max_size=4),
    different=st.lists(PAIRS, max_size=4),
    numbers=st.lists(st.sampled_from([None, "x", "y"]), min_size=8, max_size=8),
)
def test_whom_people_parted_never_meet_and_whom_they_joined_do_unless_that_would(
    evidence: list[tuple[tuple[int, int], str]], same: list[tuple[int, int]], different: list[tuple[int, int]], numbers: list[str | None]
) -> None:  # fmt: skip
    people = People(
        [(no, numbers[no], None, None, None) for no in range(8)],
        set(),
        [*different, *((b, a) for a, b in different)],
    )
    for a, b in same:
        people.join(a, b, "R", is_swapped=False)
    for (a, b), tier in sorted(evidence, key=lambda edge: TIERS.index(edge[1])):
        people.join(a, b, tier, is_swapped=False)
    person = {no: first for no, first, _ in people.rows()}
    assert all(person.get(a, a) != person.get(b, b) for a, b in different)
    if not different:
        assert all(person[a] == person[b] for a, b in same)
