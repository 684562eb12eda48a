"""The end of a round: what it was closed with stands, what arrives later waits in sight, and only a decision opens it again."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.lake import point_current
from pipeline.settings import load_settings
from tests.made_build import MadeBuild
from tests.road.road import Road, Said, copied, digests, imbalances, rows
from tests.road.test_bad_input import SECRETS
from tests.road.test_quarantine import NAMES, about, put, register

pytestmark = pytest.mark.timeout(600)

RECEIVED, CLOSED, LATE = "2021-11-20T02:00:00+05:00", "2021-11-20T09:00:00+05:00", "2021-11-25T02:00:00+05:00"
LATER = "2021-11-28T02:00:00+05:00"
DECISION = ("--by", "DEP-01", "--why", "the commission has signed")
GROWS_OLDER = {"count/discrepancy.parquet", "count/discrepancy_part.parquet"}  # and the first tells what came late


@dataclass(frozen=True)
class Campaign:
    """A lake night by night; nobody may change it.

    Attributes
    ----------
    refused
        What closing says before anybody says that something is left open.
    told
        What closing says when somebody does.
    quiet
        The build after the close, when nothing had arrived; `late` when something had; `reopened` when it was opened again.
    status
        What stood after `late` was published; `opened` after the round was reopened, before the next build.
    """

    road: Road
    refused: Said
    told: dict[str, Any]
    before: Path
    quiet: Path
    late: Path
    reopened: Path
    status: dict[str, Any]
    decided: Said
    opened: dict[str, Any]


def listed(road: Road, *numbers: int) -> None:
    """The orphanage sends its list."""
    people = "".join(f"{n};{NAMES[n]} {SECRETS[1]};0{n}.01.1985;1\n" for n in numbers)
    path = road.inbox / "list" / "MNG-0001" / f"l{len(numbers)}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"№;ФИО;Дата рождения;Пол\n{people}")


def whole(road: Road) -> Path:
    folder = road.build()
    road.do("reconcile")
    road.do("publish")
    return folder


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    road = Road(tmp_path_factory.mktemp("closing"))
    (road.inbox / "register").mkdir()
    (road.inbox / "register" / "r.xlsx").write_bytes(register())
    listed(road, 1, 2)
    put(road, "MNG-0001", about(1), about(2, form_version="1999.1"))
    for route in ("register", "list", "tablet_vpn"):
        road.do("receive", route, "--now", RECEIVED)
    before = whole(road)
    refused = road.sanaq("close", *DECISION, "--now", CLOSED)
    (told,) = road.do("close", *DECISION, "--now", CLOSED, "--with-open")
    quiet = road.build()
    road.do("reconcile")
    listed(road, 1, 2, 4)
    put(road, "MNG-0002", about(3), about(4))
    for route in ("list", "tablet_vpn"):
        road.do("receive", route, "--now", LATE)
    late = whole(road)
    status = road.do("status")
    (held,) = (row["record_id"] for row in road.do("quarantine", "list") if row["reason"] == "R-FORM-NOT-APPROVED")
    decided = road.sanaq("quarantine", "release", held, *DECISION)
    road.do("reopen", *DECISION, "--now", LATE)
    opened = road.do("status")
    return Campaign(road, refused, told, before, quiet, late, whole(road), status, decided, opened)


def figures(build: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((build / "reconcile" / "reconciliation.json").read_text())
    return found


def tables(build: Path) -> dict[str, str]:
    """Digests of all tables of the steps; of the gates' profile too, which counts rows of every table."""
    return {path: digest for path, digest in digests(build).items() if not path.startswith(("gates/", "reconcile/"))}


def changed(before: Path, after: Path) -> set[str]:
    """Tables that are not the same to the byte."""
    old, new = tables(before), tables(after)
    return {path for path in old | new if old.get(path) != new.get(path)}


def decisions(road: Road) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (road.lake.decisions / "round.jsonl").read_text().splitlines()]


def test_what_is_left_open_is_named_with_its_count_and_has_to_be_said_knowingly(campaign: Campaign) -> None:
    assert campaign.refused.code == 4
    said = " ".join(campaign.refused.err.split())
    assert "QUARANTINE 1" in said
    assert "NO_OUTCOME" in said
    assert "HEADCOUNT_MISSING 2" in said
    assert "--with-open" in said
    for line in campaign.refused.err.splitlines():
        if "sanaq query" in line:
            name, count = line.split(":")[0].split()
            found = campaign.road.do("query", line.split('"')[1])
            assert (len(found) == int(count)) or name == "NO_OUTCOME", line
        elif ": sanaq" in line:
            campaign.road.do(*line.split(": sanaq ")[1].split())
    assert "QUARANTINE 1: sanaq quarantine list" in said
    assert re.search(r"HEADCOUNT_MISSING 2: sanaq query \"FROM coverage.discrepancy WHERE", said)
    left = {row["left"]: row["count"] for row in decisions(campaign.road)[0]["left_open"]}
    assert (left["QUARANTINE"], left["HEADCOUNT_MISSING"]) == (1, 2)


def test_the_decision_keeps_who_when_why_on_what_and_e_with_what_was_signed(campaign: Campaign) -> None:
    close, reopen = decisions(campaign.road)
    snapshot = next(
        json.loads(path.read_text())
        for path in campaign.road.lake.operations.glob("*/manifest.json")
        if json.loads(path.read_text())["build_id"] == campaign.before.name
    )
    assert (close["action"], close["decided_by"], close["why"]) == ("close", "DEP-01", DECISION[-1])
    assert (close["build_id"], close["content_digest"]) == (campaign.before.name, snapshot["content_digest"])
    frozen = {row["institution_id"]: row for row in close["expected"]}
    assert frozen["MNG-0001"] == {
        "institution_id": "MNG-0001", "expected_present_count": 2, "expected_usual_count": 2, "grade": "PROVISIONAL",
        "present_count": 1, "usual_count": 1, "signed_present_count": None, "signed_usual_count": None,
    }  # fmt: skip
    assert (reopen["action"], reopen["decided_by"]) == ("reopen", "DEP-01")
    assert reopen["decided_at"] > close["decided_at"]


def test_the_screen_shows_totals_and_no_institution(campaign: Campaign) -> None:
    assert (campaign.told["expected_present_count"], campaign.told["signed_present_count"]) == (2, 0)
    assert "MNG-" not in json.dumps(campaign.told)


def lasting(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a matter keeps from hour to hour."""
    aging = ("age_hours", "measured", "message_kk", "message_ru", "message_en")
    return {name: value for name, value in row.items() if name not in aging}


def test_a_build_after_the_close_has_the_same_tables_and_what_is_open_grows_older(campaign: Campaign) -> None:
    assert changed(campaign.before, campaign.quiet) <= GROWS_OLDER
    old, new = (
        {row["discrepancy_id"]: row for row in rows(build, "discrepancy")}
        for build in (campaign.before, campaign.quiet)
    )
    hours = {name: row["age_hours"] + 7 for name, row in old.items()}  # from 02:00 to 09:00
    assert {name: row["age_hours"] for name, row in new.items()} == hours
    assert [lasting(row) for row in new.values()] == [lasting(row) for row in old.values()]
    assert {row["status"] for row in rows(campaign.quiet, "discrepancy_history")} == {"OPEN", "PART"}


def test_a_night_on_a_closed_round_shows_that_nothing_arrived_and_what_is_still_to_do(campaign: Campaign) -> None:
    found = figures(campaign.quiet)
    assert found["phase"] == "closed"
    assert {check["check_id"]: check["status"] for check in found["checks"]} == {
        "ARRIVED_AFTER_CLOSE": "ok", "LATE_USB": "not_known", "FORWARDED": "not_known", "REVIEW": "ok", "QUARANTINE": "failed",
        "TABLETS_OUT": "failed", "MEDIA_OUT": "not_known", "MEDIA_WIPED": "not_known", "VERIFICATION": "not_known", "DISCLOSURE": "not_known", "DESTRUCTION": "not_known",
    }  # fmt: skip
    assert (found["closed"]["by"], found["closed"]["waiting_count"]) == ("DEP-01", 0)
    assert "Nothing has arrived since" in (campaign.quiet / "reconcile" / "index.html").read_text()


def test_what_arrives_late_changes_no_count_and_no_e_and_is_named(campaign: Campaign) -> None:
    assert changed(campaign.before, campaign.late) <= GROWS_OLDER
    old = {row["discrepancy_id"] for row in rows(campaign.before, "discrepancy")}
    new = [row for row in rows(campaign.late, "discrepancy") if row["discrepancy_id"] not in old]
    told = sorted((row["kind"], row["institution_id"], row["subject_id"], row["person_count"]) for row in new)
    assert told == [
        ("ARRIVED_AFTER_CLOSE", "MNG-0001", "list", 0),
        ("ARRIVED_AFTER_CLOSE", "MNG-0002", "tablet_vpn", 2),
        ("CONTROL_GAP", "MNG-0001", "TB-0001", 2),  # of the night before the close: five days old
    ]


def test_what_arrives_late_is_landed_named_and_shown_and_the_ledger_balances(campaign: Campaign) -> None:
    inputs = json.loads((campaign.late / "manifest.json").read_text())["inputs"]
    landed = [batch["batch_id"] for batch in campaign.road.lake.batches()]
    assert inputs["batches"] + inputs["after_close"] == landed
    assert imbalances(campaign.late) == []
    assert figures(campaign.late)["is_balanced"]
    assert figures(campaign.late)["checks"][0]["status"] == "attention"
    assert "2 batches have arrived" in (campaign.late / "reconcile" / "index.html").read_text()
    assert campaign.status["closed"]["waiting"] == {"list": 1, "tablet_vpn": 1}
    assert (campaign.status["closed"]["decided_by"], campaign.status["waiting_batch_count"]) == ("DEP-01", 0)


def test_nothing_is_decided_while_the_round_is_closed(campaign: Campaign) -> None:
    assert campaign.decided.code == 4
    assert "sanaq reopen" in campaign.decided.err
    assert not (campaign.road.lake.decisions / "quarantine.jsonl").exists()


def test_reopened_what_arrived_late_waits_for_a_build(campaign: Campaign) -> None:
    assert (campaign.opened["closed"], campaign.opened["waiting_batch_count"]) == (None, 2)


def test_reopened_all_that_was_received_counts(campaign: Campaign) -> None:
    assert len(rows(campaign.before, "person")) == 1
    assert len(rows(campaign.reopened, "person")) == 3
    expected = {row["institution_id"]: row["expected_present_count"] for row in rows(campaign.reopened, "expected")}
    assert expected["MNG-0001"] == 3
    assert "ARRIVED_AFTER_CLOSE" not in {row["kind"] for row in rows(campaign.reopened, "discrepancy")}
    assert figures(campaign.reopened)["closed"] is None
    assert figures(campaign.reopened)["is_balanced"]


@pytest.mark.slow
def test_the_past_is_repeated_closed_as_it_was(campaign: Campaign, tmp_path: Path) -> None:
    elsewhere = copied(campaign.road, tmp_path / "elsewhere")
    again = elsewhere.build("--inputs", campaign.late / "manifest.json")
    assert again.name == campaign.late.name
    assert digests(again) == {
        path: at for path, at in digests(campaign.late).items() if not path.startswith("reconcile/")
    }


def test_a_round_is_closed_once_and_reopened_once(campaign: Campaign, tmp_path: Path) -> None:
    road = copied(campaign.road, tmp_path / "again", with_builds=True)
    twice = road.sanaq("reopen", *DECISION, "--now", LATE)
    assert (twice.code, "not closed" in twice.err) == (2, True)
    assert road.sanaq("close", "--by", "DEP-99", "--why", "no such employee", "--with-open").code == 2
    road.do("close", *DECISION, "--now", LATE, "--with-open")
    twice = road.sanaq("close", *DECISION, "--now", LATE, "--with-open")
    assert (twice.code, "is closed since" in twice.err) == (4, True)
    text = road.sanaq("status").out
    assert "by DEP-01: the commission has signed" in text
    findings = json.loads(road.sanaq("doctor", "--json").out)["findings"]
    (stands,) = [(each["level"], each["found"]) for each in findings if each["check"] == "round"]
    assert stands[0] == "ok"
    assert "by DEP-01; 0 batches" in stands[1]


@pytest.mark.slow
def test_what_a_head_signed_is_held_against_what_is_counted_and_the_last_signature_holds(
    campaign: Campaign, tmp_path: Path
) -> None:
    road = copied(campaign.road, tmp_path / "signed", with_builds=True)
    act = ("--act", "act 7 of 20 November", "--by", "DEP-01", "--now", LATER)
    (first,) = road.do("sign-off", "MNG-0001", "--present", "5", "--usual", "5", *act)
    assert (first["counted_present"], first["counted_usual"], first["agrees"]) == (1, 1, False)
    road.do("sign-off", "MNG-0002", "--present", "9", "--usual", "9", *act)
    (last,) = road.do("sign-off", "MNG-0001", "--present", "1", "--usual", "1", *act)
    assert last["agrees"]
    unknown = road.sanaq("sign-off", "MNG-9999", "--present", "1", "--usual", "1", *act)
    assert (unknown.code, "no such institution" in unknown.err) == (2, True)
    curt = road.sanaq("sign-off", "MNG-0001", "--present", "1", "--usual", "1", "--act", "7", *act[2:])
    assert (curt.code, "too short" in curt.err, "--act" in curt.err) == (2, True, True)
    signed = {row["institution_id"]: row for row in rows(whole(road), "sign_off")}
    assert (signed["MNG-0001"]["signed_present_count"], signed["MNG-0001"]["is_agreed"]) == (1, True)
    assert (signed["MNG-0002"]["signed_present_count"], signed["MNG-0002"]["is_agreed"]) == (9, False)
    refused = road.sanaq("close", *DECISION)
    assert (refused.code, "SIGN_OFF 1:" in refused.err) == (4, True)


def test_a_build_that_is_not_published_cannot_be_closed_on(campaign: Campaign, tmp_path: Path) -> None:
    road = copied(campaign.road, tmp_path / "other", with_builds=True)
    said = road.sanaq("close", *DECISION, "--with-open", "--build", campaign.before.name)
    assert (said.code, "closed on what is published" in " ".join(said.err.split())) == (4, True)


@pytest.mark.slow
def test_a_build_pinned_before_the_close_is_not_published_after_it(campaign: Campaign, tmp_path: Path) -> None:
    road = copied(campaign.road, tmp_path / "under_way", with_builds=True)
    listed(road, 1, 2, 3, 4, 5)
    put(road, "MNG-0001", about(5))
    for route in ("list", "tablet_vpn"):
        road.do("receive", route, "--now", LATER)
    road.build()
    road.do("close", *DECISION, "--now", LATER, "--with-open")
    road.do("reconcile")
    said = road.sanaq("publish")
    assert (said.code, "sanaq reopen" in " ".join(said.err.split())) == (4, True)
    status = road.do("status")
    assert status["operations"]["name"].endswith(campaign.reopened.name[:12])
    assert sum(status["closed"]["waiting"].values()) == 2


@pytest.mark.slow
def test_closed_a_second_time_the_second_close_holds(campaign: Campaign, tmp_path: Path) -> None:
    road = copied(campaign.road, tmp_path / "twice", with_builds=True)
    road.do("close", *DECISION, "--now", LATER, "--with-open")
    first, _, second = decisions(road)
    listed(road, 1, 2, 3, 4, 5)
    put(road, "MNG-0002", about(5))
    for route in ("list", "tablet_vpn"):
        road.do("receive", route, "--now", "2021-11-29T02:00:00+05:00")
    night = whole(road)
    frozen = {row["institution_id"]: row["expected_present_count"] for row in second["expected"]}
    assert {row["institution_id"]: row["expected_present_count"] for row in rows(night, "expected")} == frozen
    assert frozen != {row["institution_id"]: row["expected_present_count"] for row in first["expected"]}
    assert changed(campaign.reopened, night) <= GROWS_OLDER
    arrived = [row for row in rows(night, "discrepancy") if row["kind"] == "ARRIVED_AFTER_CLOSE"]
    assert sorted((row["institution_id"], row["subject_id"], row["person_count"]) for row in arrived) == [
        ("MNG-0001", "list", 0), ("MNG-0002", "tablet_vpn", 1)
    ]  # fmt: skip
    found = figures(night)
    assert (found["closed"]["since"], found["closed"]["waiting_count"]) == (second["decided_at"], 2)
    status = road.do("status")
    assert (status["closed"]["decided_at"], status["closed"]["waiting"]) == (second["decided_at"], {"list": 1, "tablet_vpn": 1})  # fmt: skip
    assert status["waiting_batch_count"] == 0


@pytest.mark.slow
def test_a_night_of_the_first_close_can_be_closed_on_again_and_what_was_taken_back_stays_back(
    campaign: Campaign, tmp_path: Path
) -> None:
    road = copied(campaign.road, tmp_path / "at_once", with_builds=True)
    reopened = road.do("status")["operations"]["name"]
    road.do("publish", "--rollback", "previous", *DECISION)
    assert road.do("status")["waiting_batch_count"] == 2  # named by the night, but the round is open
    road.do("close", *DECISION, "--now", LATER, "--with-open")
    first, _, second = decisions(road)
    assert (second["build_id"], second["as_of"], second["expected"]) == (campaign.late.name, first["as_of"], first["expected"])  # fmt: skip
    assert {"left": "BATCHES_NOT_IN_BUILD", "count": 2} in second["left_open"]
    said = road.sanaq("publish", "--restore", reopened, *DECISION)
    assert (said.code, "pinned before" in " ".join(said.err.split())) == (4, True)
    assert changed(campaign.late, whole(road)) <= GROWS_OLDER
    status = road.do("status")
    assert (status["closed"]["waiting"], status["waiting_batch_count"]) == ({"list": 1, "tablet_vpn": 1}, 0)


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        (datetime(2021, 10, 19, 21, tzinfo=UTC), "a window is open until"),
        (datetime(2021, 12, 31, tzinfo=UTC), "the build is as of 2021-12-31"),
    ],
    ids=["a window is open", "the build is as of a moment to come"],
)
def test_before_its_time_a_round_cannot_be_closed_knowingly_either(tmp_path: Path, as_of: datetime, said: str) -> None:
    road = Road(tmp_path)
    made = MadeBuild(as_of, tables={"employee": [{"employee_id": "DEP-01", "full_name": "-"}]})
    point_current(road.lake.builds, made.write(road.lake.root, load_settings(lake=road.lake.root)).name)
    road.do("reconcile")
    road.do("publish")
    refused = road.sanaq("close", *DECISION, "--with-open", "--now", CLOSED)
    assert (refused.code, said in " ".join(refused.err.split())) == (4, True)
    assert not (road.lake.decisions / "round.jsonl").exists()
