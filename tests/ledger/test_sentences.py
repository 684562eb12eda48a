"""The ledger, sentence by sentence: what must be true of every record of any campaign.

Every sentence of "The ledger" in the design has its property here or beside; what the default run asks of one campaign, `-m fuzz` asks of many.

| the design says | test |
|---|---|
| record: one submission as it arrived once; `record_state`: one row per record | `test_every_line_is_one_record_in_exactly_one_state` |
| unreadable: no typed row could be made; a file that cannot be opened is one; a truncated file counts the slots found | `test_what_no_typed_row_can_be_made_of_is_unreadable_and_nothing_else` |
| case: one questionnaire about one person | `test_a_case_stands_by_one_record_at_most` |
| two digests | `test_bytes_and_answers_have_a_digest_each` |
| repetition is judged on `answers_sha256`; the same content by another route is `repeated` | `test_of_the_same_answers_all_but_one_are_repeated` |
| same case and version, other answers: the earliest stays in play, the later is quarantined | `test_of_other_answers_under_one_version_the_earliest_stays_in_play` |
| a decision names the winner, the loser becomes superseded | `test_a_decision_names_the_winner_and_the_loser_is_superseded` |
| diverging vector clocks are a conflict | `test_of_two_branches_the_later_waits_until_a_decision_names_it` |
| only a version that passed the checks supersedes | `test_the_highest_version_that_passed_supersedes_the_others` |
| v2 in quarantine leaves v1 with `has_pending_version` | `test_a_version_in_quarantine_leaves_the_one_before_it_pending` |
| discarding is a decision on an item; its state stays | `test_what_is_discarded_stays_where_it_is` |
| nothing is skipped: withdrawn, training and draft cases are out_of_scope with that reason | `test_withdrawn_training_and_draft_cases_are_out_of_scope_with_that_reason` |
| a partial save competes in survivor choice | `test_of_the_cases_of_a_person_one_is_counted_a_partial_save_only_where_nothing_else_is` |
| boarders, patients, living-in staff | `test_who_belongs_elsewhere_leaves_by_the_row_meant_for_it` |
| `declared_count` is a column of its own | `test_what_a_sender_declares_is_a_gap_and_never_a_state` |
| `quality.ledger`: sum by route, sender's institution and batch | `test_the_ledger_is_the_sum_of_the_states` |
| registers, lists, movements and headcounts balance likewise | `test_papers_balance_row_by_row` |
| order everywhere is (received_at, batch_id, record_no) | `test_order_is_that_of_receipt` |
| windows are judged on `completed_at` | `test_windows_are_judged_on_the_moment_of_completion` |
| `person_id` = HMAC(id key, founding case id) | `test_a_person_is_named_after_the_case_admitted_first` |
| `person_alias` maps every case's own would-be id to the current person | `test_every_case_has_an_alias_and_every_id_ever_given_is_one` |
| batch_id; same batch again; another route; received_at; as-of; nothing is published | `tests/ledger/test_receipts.py` |
| the same content out of the Census Database | `tests/road/test_census_db_road.py` |
| it exists only in the lake | `tests/ledger/test_receipts.py` |
| a roster explodes; versions as other tools count them | `tests/ledger/test_tools.py` |
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings

from tests.ledger.life import ID_KEY, PLACES, REJECTED, SILENT, Campaign, Life, Row, Sent, campaigns, expected
from tests.road.road import STATES, imbalances

CURRENT = ("out_of_scope", "duplicate", "counted")
Group = list[Row]


def groups(rows: Group, key: Callable[[Row], object]) -> list[Group]:
    """Return the rows by what `key` says of them, each group in order of receipt."""
    found: dict[object, Group] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return list(found.values())


def cased(life: Life, *kinds: str) -> Group:
    """Return what was read and names its case and version."""
    return [row for row in life.typed(*kinds) if row.sent and row.sent.case is not None]


def sent(row: Row) -> Sent:
    assert row.sent is not None
    return row.sent


def contestants(life: Life, *kinds: str) -> list[Group]:
    """Return the different answers that may count, by case, version and whether they take the case back."""
    return groups(
        [row for row in cased(life, *kinds) if row.has_passed and row.state != "repeated"], lambda row: row.key
    )


def test_every_line_is_one_record_in_exactly_one_state(life: Life) -> None:
    ids = [row.record["record_id"] for row in life.rows]
    assert len(set(ids)) == len(ids) == len(life.table("record_state"))
    assert {row.state for row in life.rows} <= set(STATES)
    for batch in groups(life.rows, lambda row: row.batch["batch_id"]):
        assert [row.record["record_no"] for row in batch] == list(range(1, len(expected(batch[0].parcel)) + 1))


def test_what_no_typed_row_can_be_made_of_is_unreadable_and_nothing_else(life: Life) -> None:
    assert [(row.state == "unreadable", row.record["read_error"]) for row in life.rows] == [
        (row.sent is None, row.error) for row in life.rows
    ]


def test_a_case_stands_by_one_record_at_most(life: Life) -> None:
    for case in life.cases().values():
        assert sum(row.state in CURRENT for row in case) <= 1


def test_bytes_and_answers_have_a_digest_each(life: Life) -> None:
    pairs = {(row.record["answers_sha256"], sent(row).answered) for row in life.typed()}
    assert len(pairs) == len({digest for digest, _ in pairs}) == len({answered for _, answered in pairs})
    for row in life.typed():
        assert row.record["bytes_sha256"] == hashlib.sha256(sent(row).line).hexdigest()


def test_of_the_same_answers_all_but_one_are_repeated(life: Life) -> None:
    """The one is the earliest that may count; what was rejected, training or a draft is a copy of what is not."""
    for copies in groups(cased(life), lambda row: (row.key, sent(row).answered)):
        (original,) = [row for row in copies if row.state != "repeated"]
        assert original is min(
            copies, key=lambda row: (not row.has_passed, sent(row).flaw in ("draft", "training"), row.at)
        )
    for copies in groups([row for row in life.typed() if sent(row).case is None], lambda row: sent(row).answered):
        assert [row.state for row in copies] == ["quarantined"] + ["repeated"] * (len(copies) - 1)


def test_of_other_answers_under_one_version_the_earliest_stays_in_play(life: Life) -> None:
    for rows in contestants(life, "versions", "twins"):
        if not any(row.is_released for row in rows):
            contesting = [row for row in rows if row.action != "discard"]
            waiting = [row for row in contesting if row.state == "quarantined"]
            assert waiting == contesting[1:]
            assert {row.became["reason"] for row in waiting} <= {"VERSION_CONFLICT"}


def test_a_decision_names_the_winner_and_the_loser_is_superseded(life: Life) -> None:
    for rows in contestants(life, "versions", "twins"):
        if any(row.is_released for row in rows):
            winner = max(rows, key=lambda row: row.decision_no if row.is_released else 0)
            assert winner.decided_at is not None
            assert winner.state != "quarantined"
            for row in rows:
                is_heard = datetime.fromisoformat(row.batch["received_at"]) <= winner.decided_at
                if row is not winner and row.action != "discard":
                    wanted = ("superseded", "DECIDED") if is_heard else ("quarantined", "VERSION_CONFLICT")
                    assert (row.state, row.became["reason"]) == wanted


def _are_apart(one: Row, other: Row) -> bool:
    clocks = [dict(tick.split(":") for tick in (sent(row).clock or "").split(",")) for row in (one, other)]
    ahead = {
        int(clocks[0].get(who, 0)) - int(clocks[1].get(who, 0)) > 0
        for who in clocks[0] | clocks[1]
        if clocks[0].get(who, 0) != clocks[1].get(who, 0)
    }
    return len(ahead) == 2


def test_of_two_branches_the_later_waits_until_a_decision_names_it(life: Life) -> None:
    for case in life.cases("clocks").values():
        rows = [row for row in case if row.state != "repeated" and row.action != "discard"]
        apart = [(one, other) for n, one in enumerate(rows) for other in rows[n + 1 :] if _are_apart(one, other)]
        beaten = [
            other if one.is_released and one.decision_no > other.decision_no else one
            for one, other in apart
            if other.is_released
        ]
        waiting = [other for one, other in apart if not other.is_released and one not in beaten and other not in beaten]
        for row in rows:
            assert (row.state == "quarantined") == (row in waiting)
            assert row.state != "quarantined" or row.became["reason"] == "VERSION_CONFLICT"
            assert row not in beaten or (row.state, row.became["reason"]) == ("superseded", "DECIDED")


def test_the_highest_version_that_passed_supersedes_the_others(life: Life) -> None:
    for case in life.cases().values():
        in_play = [
            row
            for row in case
            if row.has_passed and row.state not in ("repeated", "quarantined") and row.became["reason"] != "DECIDED"
        ]
        current = [row for row in case if row.state in CURRENT]
        highest = max(
            in_play,
            key=lambda row: (sent(row).flaw != "draft", sent(row).version or 0, sent(row).flaw == "withdrawn"),
            default=None,
        )
        assert current == ([highest] if highest else [])
        assert all(row.state == "superseded" for row in in_play if row is not highest)


def test_a_version_in_quarantine_leaves_the_one_before_it_pending(life: Life) -> None:
    for case in life.cases().values():
        held = [sent(row).version or 0 for row in case if row.state == "quarantined" and row.action != "discard"]
        for row in case:
            is_pending = row.state in CURRENT and any(version >= (sent(row).version or 0) for version in held)
            assert row.became["has_pending_version"] == is_pending
    for row in life.typed():
        if sent(row).flaw in REJECTED and row.state == "quarantined":
            assert row.became["reason"] == (REJECTED[sent(row).flaw] if sent(row).case else "R-NO-CASE-ID")


def test_what_is_discarded_stays_where_it_is(life: Life) -> None:
    """Unless the same answers came without the flaw: it is then no more than their copy."""
    for row in life.typed():
        if row.action == "discard" and row.state != "repeated":
            assert (row.state, row.became["is_settled"]) == ("quarantined", True)
        assert row.action == "discard" or not row.became["is_settled"]


def test_withdrawn_training_and_draft_cases_are_out_of_scope_with_that_reason(life: Life) -> None:
    for row in life.typed():
        if row.state in CURRENT:
            is_silent = sent(row).flaw in SILENT
            assert is_silent == (row.became["reason"] in SILENT.values())
            assert not is_silent or (row.state, row.became["reason"]) == ("out_of_scope", SILENT[sent(row).flaw])


def test_of_the_cases_of_a_person_one_is_counted_a_partial_save_only_where_nothing_else_is(life: Life) -> None:
    speaking = [
        row
        for row in life.typed("twins", "versions", "clocks", "windows")
        if row.state in CURRENT and sent(row).flaw not in SILENT
    ]
    for rows in groups(speaking, lambda row: sent(row).story):
        (counted,) = [row for row in rows if row.state == "counted"]
        assert {row.state for row in rows if row is not counted} <= {"duplicate"}
        assert sent(counted).flaw != "partial" or {sent(row).flaw for row in rows} == {"partial"}
    assert Counter(row["person_id"] for row in life.table("person")) == Counter(
        row.became["person_id"] for row in life.rows if row.state == "counted"
    )


def test_who_belongs_elsewhere_leaves_by_the_row_meant_for_it(life: Life) -> None:
    forwarded = {row["record_id"]: row["reason"] for row in life.table("forwarded")}
    households = {row["record_id"] for row in life.table("household")}
    bases = {row["survivor_record_id"]: row["basis"] for row in life.table("person")}
    for row in life.typed(*PLACES):
        became, record = (row.state, row.became["reason"]), row.record["record_id"]
        if row.state != "repeated":
            wanted = {
                "boarder": ("out_of_scope", "BELONGS_ELSEWHERE"),
                "patient": ("counted", None),
                "staff": ("out_of_scope", "PRIVATE_HOUSEHOLD"),
            }
            assert became == wanted[sent(row).kind]
            assert (record in forwarded) == (sent(row).kind != "staff")
            assert (record in households) == (sent(row).kind == "staff")
            assert sent(row).kind != "patient" or bases[record] == "present_only"


def test_what_a_sender_declares_is_a_gap_and_never_a_state(life: Life) -> None:
    gaps = {
        row["subject_id"]: row["gap_count"] for row in life.table("control_total") if row["control_code"] == "BATCH"
    }
    for batch in life.table("batch"):
        rows = [row for row in life.rows if row.batch["batch_id"] == batch["batch_id"]]
        if batch["route"].startswith("tablet") and rows[0].parcel.harm != "unsigned":
            declared = len(rows[0].parcel.lines) + rows[0].parcel.declared
            assert batch["declared_count"] == (declared if declared >= 0 else None)
            cases = [row for row in rows if row.error not in ("UNKNOWN_FILE", "BAD_MANIFEST")]
            assert batch["declared_count"] is None or gaps.get(batch["batch_id"], 0) == declared - len(cases)
        elif rows:
            assert batch["declared_count"] is None


def test_the_ledger_is_the_sum_of_the_states(life: Life) -> None:
    assert imbalances(life.last.folder) == []
    found = {
        (line["route"], line["institution_id"], line["batch_id"]): {
            state: line[f"{state}_count"] for state in STATES if line[f"{state}_count"]
        }
        for line in life.table("ledger")
    }
    wanted: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for row in life.rows:
        written = row.record["institution_id"]
        by_record = written if written in ("MNG-0001", "MNG-0002", "MNG-0003") else "UNKNOWN"
        wanted[row.batch["route"], row.batch["institution_id"] or by_record, row.batch["batch_id"]][row.state] += 1
    assert found == wanted


def test_papers_balance_row_by_row(life: Life) -> None:
    assert sum(line["received_count"] for line in life.table("intake")) == len(life.table("intake_record"))
    origin = {batch["origin"]: batch for batch in life.batches}
    states: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for row in sorted(life.table("intake_record"), key=lambda row: row["record_no"]):
        states[row["batch_id"]].append((row["state"], row["reason"]))
    keyed: dict[tuple[str, str, str | None], list[tuple[tuple[str, int], str, tuple[str, str | None]]]] = defaultdict(
        list
    )
    for paper in life.campaign.papers:
        if paper.path not in origin:  # the same as an earlier one of its sender
            continue
        batch = origin[paper.path]
        found = states[batch["batch_id"]]
        assert len(found) == len(paper.rows)
        for no, ((key, content), became) in enumerate(zip(paper.rows, found, strict=True)):
            if key is not None:
                keyed[paper.route, paper.sender, key].append(((batch["received_at"], no), content, became))
            elif content == "NOT_A_SPREADSHEET":
                assert became == ("unreadable", content)
            else:
                assert became in (("quarantined", content), ("replaced", "NEWER_LIST"), ("replaced", "NEWER_REGISTER"))
    for (route, _, _), rows in keyed.items():
        rows.sort()
        if route in ("list", "register"):  # holds whole
            newest = max(at[0] for at, _, _ in rows)
            assert all(became[0] == ("in_force" if at[0] == newest else "replaced") for at, _, became in rows)
            continue
        before: list[str | None] = [None, *(content for _, content, _ in rows[:-1])]
        again = [content == other for (_, content, _), other in zip(rows, before, strict=True)]
        newest_no = max(no for no, is_again in enumerate(again) if not is_again)
        wanted = [
            "repeated" if is_again else "in_force" if no == newest_no else "replaced"
            for no, is_again in enumerate(again)
        ]
        assert [became[0] for _, _, became in rows] == wanted


def test_order_is_that_of_receipt(life: Life) -> None:
    received = [batch["received_at"] for batch in life.batches]
    assert received == sorted(set(received))
    stored = [(record["received_at"], record["batch_id"], record["record_no"]) for record in life.table("record")]
    assert stored == sorted(stored)
    for row in life.rows:
        assert row.record["received_at"].isoformat(timespec="microseconds") + "+00:00" == row.batch["received_at"]


def test_windows_are_judged_on_the_moment_of_completion(life: Life) -> None:
    almaty, aqtau = ZoneInfo("Asia/Almaty"), ZoneInfo("Asia/Aqtau")
    for row in life.typed("windows"):
        said = dict(sent(row).changes)
        is_web = said["mode"] != "tablet"
        day = (
            datetime.fromisoformat(str(said["completed_at"])).astimezone(almaty if is_web else aqtau).date().isoformat()
        )
        spans = (
            [("2021-09-01", "2021-10-15"), ("2021-10-21", "2021-10-30")] if is_web else [("2021-10-01", "2021-10-30")]
        )
        is_in = any(first <= day <= last for first, last in spans)
        assert (("R-WEB-WINDOW" if is_web else "R-TABLET-WINDOW") in row.flags) == (not is_in)


def keyed_id(case: str) -> str:
    key = hashlib.sha256(ID_KEY.encode()).digest()
    return hmac.new(key, case.encode(), "sha256").hexdigest()[:32]


def test_a_person_is_named_after_the_case_admitted_first(life: Life) -> None:
    people = groups([row for row in cased(life) if row.became["person_id"]], lambda row: row.became["person_id"])
    cases = life.cases()
    for person in people:
        admitted: dict[str, tuple[datetime, object]] = {}
        for case in {sent(row).case for row in person} - {None}:
            rows = [row for row in cases[str(case)] if row.state in (*CURRENT, "superseded")]
            moments = [
                (
                    (
                        row.decided_at
                        if row.is_released and row.decided_at
                        else datetime.fromisoformat(row.batch["received_at"])
                    ),
                    row.at,
                )
                for row in rows
            ]
            admitted[str(case)] = min(moments)
        founder = min(admitted, key=lambda case: admitted[case])
        assert person[0].became["person_id"] == keyed_id(founder)


def test_every_case_has_an_alias_and_every_id_ever_given_is_one(life: Life) -> None:
    alias = {row["case_id"]: row for row in life.table("person_alias")}
    now = {row.record["case_id"]: row.became["person_id"] for row in life.rows if row.state in CURRENT}
    assert set(alias) == set(life.cases())
    for case, row in alias.items():
        assert (row["alias_person_id"], row["person_id"]) == (keyed_id(case), now.get(case))
    before = {row["person_id"] for row in life.table("person", life.first)}
    assert before <= {row["alias_person_id"] for row in alias.values()}


SENTENCES = [check for name, check in sorted(globals().items()) if name.startswith("test_")]


def test_the_campaign_of_the_default_run_holds_what_the_sentences_speak_of(life: Life) -> None:
    found = {(row.state, row.became["reason"]) for row in life.rows}
    assert {row.state for row in life.rows} == set(STATES)
    assert {(row.action, row.state) for row in life.rows} >= {("discard", "quarantined"), ("release", "counted")}
    held = {row["reason"] for row in life.table("record_state", life.first) if row["state"] == "quarantined"}
    assert held == {"VERSION_CONFLICT", *REJECTED.values(), "R-NO-CASE-ID"}
    for reason in ("DECIDED", "NEWER_VERSION", "WITHDRAWN"):
        assert ("superseded", reason) in found
    for reason in (*SILENT.values(), "BELONGS_ELSEWHERE", "PRIVATE_HOUSEHOLD"):
        assert ("out_of_scope", reason) in found
    for error in ("UNKNOWN_FILE", "BUNDLE_UNSIGNED", "TRUNCATED"):
        assert ("unreadable", error) in found
    assert any(row.became["has_pending_version"] for row in life.rows)
    assert {sent(row).kind for row in life.typed()} == {"versions", "clocks", "twins", "windows", "nameless", *PLACES}
    states = {(row["route"], row["state"]) for row in life.table("intake_record")}
    assert states >= {("movement", state) for state in ("in_force", "replaced", "repeated", "quarantined")}
    assert states >= {
        (route, state) for route in ("list", "register") for state in ("in_force", "replaced", "quarantined")
    }
    assert ("headcount", "in_force") in states
    assert any(
        len({row.record["case_id"] for row in life.rows if row.became["person_id"] == one["person_id"]}) > 1
        for one in life.table("person")
    )


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
@given(campaigns(stories=25))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_other_campaign_keeps_every_sentence(tmp_path_factory: pytest.TempPathFactory, campaign: Campaign) -> None:
    life = Life(tmp_path_factory.mktemp("life"), campaign)
    for check in SENTENCES:
        check(life)
