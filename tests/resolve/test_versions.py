"""Which record stands for its case, and the state of every other one."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.resolve.field import OPENING, Field, Outcome, balanced, stranger, utc

AFTER_THE_DECISION = utc(2021, 11, 2)


@pytest.fixture
def field() -> Field:
    return Field()


def came(version: int = 1, word: str | None = None, **columns: Any) -> dict[str, Any]:
    """A version of a case as it comes, and what people decide on it."""
    return {"case_version": version, "word": word, **columns}


HELD = {"rejects": ["R-FORM-NOT-APPROVED", "R-NO-SIGN-OF-A-PERSON"]}
# The versions of a case in order of receipt, their states, and why the last of them is where it is.
CASES: dict[str, tuple[list[dict[str, Any]], list[str], str | None]] = {
    "the highest version stands": ([came(1), came(2), came(3)], ["superseded", "superseded", "counted"], None),
    "a lower version that comes later is superseded": ([came(2), came(1)], ["counted", "superseded"], "NEWER_VERSION"),
    "a version after a withdrawal brings the person back":
        ([came(0, case_status="withdrawn"), came(1)], ["superseded", "counted"], None),
    "a draft never takes the place of what was sent":
        ([came(1), came(2, case_status="draft", completed_at=None)], ["counted", "superseded"], "NEWER_VERSION"),
    "a draft alone is out of scope": ([came(case_status="draft", completed_at=None)], ["out_of_scope"], "DRAFT"),
    "a repetition of a held record is a repetition":
        ([came(answers_sha256="x", **HELD), came(answers_sha256="x", **HELD)], ["quarantined", "repeated"], "SAME_ANSWERS"),
    "a flawed copy of a clean record is a repetition":
        ([came(answers_sha256="x"), came(answers_sha256="x", **HELD)], ["counted", "repeated"], "SAME_ANSWERS"),
    "a released record keeps its place before a clean copy":
        ([came(word="release", answers_sha256="x", **HELD), came(answers_sha256="x")], ["counted", "repeated"], "SAME_ANSWERS"),
    "other answers under one version wait": ([came(), came()], ["counted", "quarantined"], "VERSION_CONFLICT"),
    "a decision names the winner of a conflict": ([came(), came(word="release")], ["superseded", "counted"], None),
    "a decision on a conflict is no word on what came after it":
        ([came(), came(word="release"), came(received_at=AFTER_THE_DECISION)], ["superseded", "counted", "quarantined"], "VERSION_CONFLICT"),
    "what was discarded is no loser of a later decision":
        ([came(), came(word="discard"), came(word="release")], ["superseded", "quarantined", "counted"], None),
    "the answers a decision named win in whatever record they come":
        ([came(), came(word="release", answers_sha256="x", is_training=True), came(answers_sha256="x")],
         ["superseded", "repeated", "counted"], None),
    "rejected by the checks waits with the first rule": ([came(**HELD)], ["quarantined"], "R-FORM-NOT-APPROVED"),
    "released counts": ([came(word="release", **HELD)], ["counted"], None),
    "discarded stays in quarantine": ([came(word="discard", **HELD)], ["quarantined"], "R-FORM-NOT-APPROVED"),
    "the branch chosen gives way to a version that has seen both":
        ([came(5, case_clock="one:2,two:1"), came(3, "release", case_clock="one:1,two:4"), came(6, case_clock="one:2,two:4,three:1")],
         ["superseded", "superseded", "counted"], None),
    "a version that goes on from the branch chosen is no conflict":
        ([came(5, case_clock="one:2,two:1"), came(3, "release", case_clock="one:1,two:4"), came(6, case_clock="one:1,two:5")],
         ["superseded", "superseded", "counted"], None),
    "a branch discarded holds nobody":
        ([came(1, case_clock="one:1"), came(2, "discard", case_clock="two:1"), came(3, case_clock="one:2")],
         ["superseded", "quarantined", "counted"], None),
}  # fmt: skip


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One field in which every case is of somebody else."""
    field = Field()
    for number, (case, (versions, _, _)) in enumerate(CASES.items()):
        for version in versions:
            word, columns = version["word"], {name: value for name, value in version.items() if name != "word"}
            record = field.record(case, **stranger(number), **columns)
            if word:
                field.decide(record, word)
    return field.resolve(tmp_path_factory.mktemp("settled"))


@pytest.mark.parametrize("case", CASES)
def test_each_version_has_its_state(settled: Outcome, case: str) -> None:
    _, states, reason = CASES[case]
    assert (settled.states(case), settled.reason(case)) == (states, reason)


def test_nobody_is_new_by_another_version(settled: Outcome) -> None:
    case = "the highest version stands"
    [(first,)] = settled.rows(f"SELECT min(received_at) FROM record WHERE case_id = '{case}'")
    assert settled.person(case)["received_at"] == first


def test_the_order_of_arrival_does_not_change_who_stands(field: Field, tmp_path: Path) -> None:
    newest = []
    for day, order in enumerate(permutations((1, 2, 3)), 1):
        ids = {
            version: field.record(f"case {day}", case_version=version, birth_on=date(1950, 5, day)) for version in order
        }
        newest.append(ids[3])
    found = field.resolve(tmp_path).rows("SELECT record_id FROM record_state WHERE state = 'counted'")
    assert {row[0] for row in found} == set(newest)


def test_the_same_answers_again_are_a_repetition(field: Field, tmp_path: Path) -> None:
    first = field.record("a", answers_sha256="x")
    field.record("a", answers_sha256="x", route="tablet_usb")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["counted", "repeated"]
    assert outcome.rows("SELECT winner_record_id FROM case_record WHERE standing = 'repeated'") == [(first,)]


@pytest.mark.parametrize(
    "flaw",
    [{"rejects": ["R-FORM-NOT-APPROVED"]}, {"is_training": True}, {"case_status": "draft"}],
    ids=["rejected", "training", "draft"],
)
def test_the_same_answers_sent_again_without_the_flaw_count(field: Field, tmp_path: Path, flaw: dict[str, Any]) -> None:
    field.record("a", answers_sha256="x", **flaw)
    clean = field.record("a", answers_sha256="x")
    field.record("a", answers_sha256="x")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["repeated", "counted", "repeated"]
    assert outcome.rows("SELECT winner_record_id FROM case_record WHERE standing = 'repeated'") == [(clean,)] * 2


def test_a_decision_counts_only_from_its_day(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.decide(field.record("a"), "release", at=datetime(2021, 12, 1, tzinfo=UTC))
    outcome = field.resolve(tmp_path, as_of=datetime(2021, 11, 30, tzinfo=UTC))
    assert outcome.states("a") == ["counted", "quarantined"]


def test_a_held_version_leaves_the_one_before_counted(field: Field, tmp_path: Path) -> None:
    first = field.record("a")
    field.record("a", case_version=2, rejects=["R-FORM-NOT-APPROVED"])
    field.record("alone", "Омаров")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["counted", "quarantined"]
    assert outcome.rows("SELECT record_id FROM record_state WHERE has_pending_version") == [(first,)]


def test_a_discarded_version_is_no_longer_pending(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.decide(field.record("a", case_version=2, rejects=["R-FORM-NOT-APPROVED"]), "discard")
    assert field.resolve(tmp_path).rows("SELECT count(*) FROM record_state WHERE has_pending_version") == [(0,)]


def test_a_withdrawal_supersedes_and_is_out_of_scope(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record("a", case_version=2, case_status="withdrawn")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["superseded", "out_of_scope"]
    assert outcome.reason("a") == "WITHDRAWN"
    assert outcome.rows("SELECT count(*) FROM person") == [(0,)]


def test_a_withdrawal_of_the_same_version_is_no_repetition(field: Field, tmp_path: Path) -> None:
    """ODK Central deletes and rejects without a new version."""
    field.record("a", case_version=0, answers_sha256="x")
    field.record("a", case_version=0, answers_sha256="x", case_status="withdrawn")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["superseded", "out_of_scope"]
    assert outcome.rows("SELECT reason FROM record_state ORDER BY record_id") == [("WITHDRAWN",), ("WITHDRAWN",)]


@pytest.mark.parametrize(
    ("tablet", "words", "states"),
    [
        (None, ["withdrawn", "submitted"], ["counted", "superseded", "repeated"]),
        (None, ["withdrawn", "submitted", "withdrawn"], ["superseded", "out_of_scope", "repeated", "repeated"]),
        ("TB-CARE", ["withdrawn", "submitted"], ["superseded", "out_of_scope", "repeated"]),
    ],
    ids=["taken back", "rejected again", "carried"],
)
def test_what_a_server_says_last_of_a_version_holds(
    field: Field, tmp_path: Path, tablet: str | None, words: list[str], states: list[str]
) -> None:
    """ODK Central approves what it had rejected without a new version; what a tablet sends may come late."""
    for day, word in enumerate(["submitted", *words], 1):
        at = utc(2021, 10, day)
        batch_id = field.batch(at, source_id=tablet or "odk.1.form", device_id=tablet)
        field.record("a", case_version=0, answers_sha256="x", case_status=word, batch_id=batch_id, received_at=at)
    assert field.resolve(tmp_path).states("a") == states


def test_another_person_under_a_known_case_from_another_tablet_waits(field: Field, tmp_path: Path) -> None:
    field.record("a")
    field.record(
        "a", "Петрова", "Ольга", "HOSPITAL", case_version=2, sex=2, patronymic="Ивановна", birth_on=date(1980, 2, 3)
    )
    field.record("initial", "Омаров", "Б.", birth_on=date(1966, 6, 6))
    field.record("initial", "Петренко", "не известно", "HOSPITAL", case_version=2, birth_on=date(1990, 8, 9))
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == outcome.states("initial") == ["counted", "quarantined"]
    assert outcome.reason("a") == "VERSION_CONFLICT"


def test_a_corrected_name_from_another_tablet_is_a_version(field: Field, tmp_path: Path) -> None:
    field.record("a", "Ахмедов")
    field.record("a", "Ахметов", device_id="TB-HOSPITAL", case_version=2)
    assert field.resolve(tmp_path).states("a") == ["superseded", "counted"]


def test_what_cannot_be_read_or_named_has_its_state(field: Field, tmp_path: Path) -> None:
    ids = [
        field.record("a", case_id=None, read_error="NOT_JSON"),
        field.record("b"),
    ]
    field.rows["record"][0].update(case_id=None)
    ids.append(field.record("c", rejects=["R-NO-CASE-ID"]))
    field.rows["record"][-1].update(case_id=None)
    outcome = field.resolve(tmp_path)
    assert balanced(outcome, ids)
    assert outcome.rows("SELECT state, count(*) FROM record_state GROUP BY state ORDER BY state") == [
        ("counted", 1),
        ("quarantined", 1),
        ("unreadable", 1),
    ]


def test_an_unknown_institution_is_mended_by_staff_or_tablet(field: Field, tmp_path: Path) -> None:
    field.record("a", institution_id="MNG-9999", rejects=["R-UNKNOWN-INSTITUTION"])
    field.record(
        "b", "Петров", institution_id="MNG-9999", rejects=["R-UNKNOWN-INSTITUTION"], staff_id=None, device_id=None
    )
    outcome = field.resolve(tmp_path)
    assert (outcome.state("a"), outcome.state("b")) == ("counted", "quarantined")
    assert outcome.person("a")["usual_institution_id"] == "CARE"


def test_people_nobody_else_has_seen_wait(field: Field, tmp_path: Path) -> None:
    field.entry(1, "Ахметов", "Нұрлан")
    names = ("Сериков", "Омаров", "Байжанов")
    quick = {"is_proxy": True, "proxy_source": "ADMINISTRATION", "completed_at": utc(2021, 10, 5, 9, 3)}
    ids = [field.record(name, name, birth_on=date(1960, 4, day), **quick) for day, name in enumerate(names, 1)]
    field.record("slow", "Жұмабаев", birth_on=date(1961, 1, 9), is_proxy=True, proxy_source="ADMINISTRATION")
    field.record("listed", **quick)
    field.decide(ids[0], "release")
    field.record("fourth", "Қасымов", birth_on=date(1962, 7, 8), **quick)
    outcome = field.resolve(tmp_path)
    assert [outcome.state(name) for name in names] == ["counted", "quarantined", "quarantined"]
    assert outcome.reason("Омаров") == "UNCONFIRMED_PERSON"
    assert (outcome.state("slow"), outcome.state("listed"), outcome.state("fourth")) == (
        "counted",
        "counted",
        "quarantined",
    )


def test_what_is_no_mode_is_said_of_nobody(tmp_path: Path) -> None:
    field = Field()
    field.record("typed", mode="Serik Akhmetov")
    field.record("other", "Сериков", "Асан", mode="web_self")
    outcome = field.resolve(tmp_path)
    assert [outcome.person(case)["mode"] for case in ("typed", "other")] == [None, "web_self"]


@pytest.mark.parametrize("unknown", [{"birth_on": None}, {"family": "Белгісіз"}], ids=["birth date", "name"])
def test_people_who_cannot_say_who_they_are_do_not_wait(field: Field, unknown: dict[str, Any], tmp_path: Path) -> None:
    quick = {"is_proxy": True, "proxy_source": "ADMINISTRATION", "completed_at": utc(2021, 10, 5, 9, 3)}
    names = ("Сериков", "Омаров", "Байжанов")
    for day, name in enumerate(names, 1):
        field.record(name, **{"family": name, "birth_on": date(1960, 4, day), **quick, **unknown})
    outcome = field.resolve(tmp_path)
    assert {outcome.state(name) for name in names} == {"counted"}


def test_people_told_of_by_their_row_of_a_list_that_never_came_do_not_wait(field: Field, tmp_path: Path) -> None:
    quick = {"is_proxy": True, "proxy_source": "ADMINISTRATION", "completed_at": utc(2021, 10, 5, 9, 3)}
    names = ("Сериков", "Омаров", "Байжанов")
    for day, name in enumerate(names, 1):
        field.record(name, name, birth_on=date(1960, 4, day), list_entry_no=day, **quick)
    outcome = field.resolve(tmp_path)
    assert {outcome.state(name) for name in names} == {"counted"}


@pytest.mark.parametrize("staff_id", ["ST-CARE", None])
def test_a_release_admits_one_person_and_nobody_else_of_that_hand(
    field: Field, staff_id: str | None, tmp_path: Path
) -> None:
    names = ("Сериков", "Омаров", "Байжанов")
    quick = {"is_proxy": True, "proxy_source": "ADMINISTRATION", "completed_at": utc(2021, 10, 5, 9, 3)}
    ids = [
        field.record(name, name, birth_on=date(1960, 4, day), staff_id=staff_id, **quick)
        for day, name in enumerate(names, 1)
    ]
    field.decide(ids[0], "release")
    outcome = field.resolve(tmp_path)
    assert [outcome.state(name) for name in names] == ["counted", "quarantined", "quarantined"]


def test_records_that_name_no_hand_are_held_together_within_one_institution_only(field: Field, tmp_path: Path) -> None:
    quick = {"is_proxy": True, "proxy_source": "ADMINISTRATION", "completed_at": utc(2021, 10, 5, 9, 3)}
    sites = {"Сериков": "CARE", "Омаров": "CARE", "Байжанов": "SHELTER"}
    for day, (name, site) in enumerate(sites.items(), 1):
        field.record(name, name, birth_on=date(1960, 4, day), site=site, staff_id=None, **quick)
    outcome = field.resolve(tmp_path)
    assert {outcome.state(name) for name in sites} == {"counted"}


def test_a_single_quick_form_proves_nothing(field: Field, tmp_path: Path) -> None:
    field.record(
        "a",
        is_proxy=True,
        proxy_source="ADMINISTRATION",
        completed_at=OPENING,
        started_at=OPENING - timedelta(minutes=2),
    )
    assert field.resolve(tmp_path).state("a") == "counted"


def test_a_version_that_has_not_seen_all_of_an_earlier_one_waits(field: Field, tmp_path: Path) -> None:
    field.record("a", case_version=3, case_clock="one:2,two:1")
    field.record("a", case_version=5, case_clock="one:1,two:4")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["counted", "quarantined"]
    assert outcome.reason("a") == "VERSION_CONFLICT"
    assert outcome.rows("SELECT count(*) FROM record_state WHERE has_pending_version") == [(1,)]


def test_a_version_that_has_seen_all_of_an_earlier_one_stands(field: Field, tmp_path: Path) -> None:
    field.record("a", case_version=3, case_clock="one:2,two:1")
    field.record("a", case_version=5, case_clock="one:2,two:1,three:1")
    field.record("b", "Омаров", case_version=5, case_clock="one:2,two:2", birth_on=date(1960, 4, 4))
    field.record("b", "Омаров", case_version=3, case_clock="one:2", birth_on=date(1960, 4, 4))
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["superseded", "counted"]
    assert outcome.states("b") == ["counted", "superseded"]


def test_a_decision_names_the_winner_of_two_branches(field: Field, tmp_path: Path) -> None:
    """The later branch is chosen although its number is lower."""
    field.record("a", case_version=5, case_clock="one:2,two:1")
    later = field.record("a", case_version=3, case_clock="one:1,two:4")
    field.decide(later, "release")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["superseded", "counted"]
    assert outcome.rows("SELECT reason FROM record_state WHERE state = 'superseded'") == [("DECIDED",)]


@pytest.mark.parametrize(
    ("first", "states"), [(1, ["superseded", "superseded", "counted"]), (2, ["superseded", "counted", "superseded"])]
)
def test_of_two_branches_chosen_one_after_the_other_the_last_decision_holds(
    field: Field, tmp_path: Path, first: int, states: list[str]
) -> None:
    branches = [field.record("a", case_version=9 - n, case_clock=f"{n}:1") for n in range(3)]
    for branch in (first, 3 - first):
        field.decide(branches[branch], "release")
    assert field.resolve(tmp_path).states("a") == states


@pytest.mark.parametrize("clock", [None, "two:1"], ids=["other answers", "another branch"])
def test_who_discards_the_later_of_a_conflict_leaves_the_earlier_in_play(
    field: Field, tmp_path: Path, clock: str | None
) -> None:
    field.record("a", case_clock=clock and "one:1")
    field.decide(field.record("a", case_clock=clock), "discard")
    outcome = field.resolve(tmp_path)
    assert outcome.states("a") == ["counted", "quarantined"]
    assert outcome.rows("SELECT count(*) FROM record_state WHERE has_pending_version") == [(0,)]


def test_what_names_neither_case_nor_anybody_is_a_repetition_only_of_the_same_bytes(
    field: Field, tmp_path: Path
) -> None:
    ids = [field.record("x", None, None, rejects=["R-NO-CASE-ID"], answers_sha256="nothing known") for _ in range(3)]
    for row, content in zip(field.rows["record"], ("one", "other", "one"), strict=True):
        row.update(case_id=None, bytes_sha256=content)
    outcome = field.resolve(tmp_path)
    assert balanced(outcome, ids)
    assert outcome.rows("SELECT state FROM record_state ORDER BY received_at") == [
        ("quarantined",), ("quarantined",), ("repeated",),
    ]  # fmt: skip


def test_what_names_somebody_is_a_repetition_of_the_same_answers(field: Field, tmp_path: Path) -> None:
    ids = [
        field.record("x", rejects=["R-NO-CASE-ID"], answers_sha256="all he said", device_id=device)
        for device in ("TB-CARE", "TB-SCHOOL", "TB-CARE")
    ]
    for row in field.rows["record"]:
        row["case_id"] = None
    outcome = field.resolve(tmp_path)
    assert balanced(outcome, ids)
    assert outcome.rows("SELECT state FROM record_state ORDER BY received_at") == [
        ("quarantined",), ("quarantined",), ("repeated",),
    ]  # fmt: skip


def test_what_was_discarded_stays_when_what_it_was_held_for_is_there_no_more(field: Field, tmp_path: Path) -> None:
    """A later register may know the institution."""
    field.decide(field.record("a"), "discard")
    first = field.record("b", "Омаров", birth_on=date(1960, 4, 4))
    field.decide(field.record("b", "Омаров", birth_on=date(1960, 4, 4), case_version=2), "discard")
    outcome = field.resolve(tmp_path)
    assert (outcome.state("a"), outcome.reason("a")) == ("quarantined", "DISCARDED")
    assert outcome.rows("SELECT is_settled FROM record_state WHERE case_id = 'a'") == [(True,)]
    assert outcome.states("b") == ["counted", "quarantined"]
    assert outcome.rows("SELECT count(*) FROM record_state WHERE has_pending_version") == [(0,)]
    assert outcome.rows("SELECT survivor_record_id FROM person") == [(first,)]


# a row of a roster ---------------------------------------------------------------------------------------------------

NEIGHBOUR = {"family": "Омаров", "given": "Дәурен", "birth_on": date(1961, 4, 4), "roster_case_id": "h"}


def test_who_is_in_no_row_of_the_newer_version_of_the_roster_is_withdrawn(field: Field, tmp_path: Path) -> None:
    field.record("h.1", roster_case_id="h")
    field.record("h.2", **NEIGHBOUR)
    field.record("h.1", roster_case_id="h", case_version=2)
    outcome = field.resolve(tmp_path)
    assert outcome.states("h.1") == ["superseded", "counted"]
    assert outcome.rows("SELECT state, reason FROM record_state WHERE state = 'out_of_scope'") == [
        ("out_of_scope", "WITHDRAWN")
    ]
    assert outcome.states("h.2") == ["out_of_scope"]


@pytest.mark.parametrize(
    "newer", [{"rejects": ["R-FORM-NOT-APPROVED"]}, {"case_status": "draft"}, {"is_training": True}]
)
def test_a_version_of_the_roster_of_which_nothing_stands_takes_nobody_off(
    field: Field, tmp_path: Path, newer: dict[str, Any]
) -> None:
    field.record("h.2", **NEIGHBOUR)
    field.record("h.1", roster_case_id="h", case_version=2, **newer)
    assert field.resolve(tmp_path).states("h.2") == ["counted"]


def test_a_row_that_is_held_in_the_newer_version_is_not_taken_off(field: Field, tmp_path: Path) -> None:
    field.record("h.2", **NEIGHBOUR)
    field.record("h.2", **NEIGHBOUR, case_version=2, rejects=["R-FORM-NOT-APPROVED"])
    field.record("h.1", roster_case_id="h", case_version=2)
    assert field.resolve(tmp_path).states("h.2") == ["counted", "quarantined"]
